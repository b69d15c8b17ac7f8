"""The shell scripts that begin and end faults on a node, as root. No I/O."""

from importlib.resources import files

# Containers of a node's own, that are not the Swarm's.
CONTAINERS = {"manager": ("landslide-registry",), "interlock": ("haproxy", "interlock")}
# Our own programs on a node.
SECONDS_AT_MOST = 600


def _path(program: str) -> str:
    return f"/run/landslide-chaos-{program}.py"


def running(program: str, *arguments: int | str) -> str:
    """Return what starts one of on_node/ on a node, with arguments, and waits until it is ready."""
    text = files("landslide_tools.chaos").joinpath("on_node", f"{program}.py").read_text()
    return f"""
cat >{_path(program)} <<'END OF PROGRAM'
{text}
END OF PROGRAM
systemd-run --quiet --collect --unit=landslide-chaos-{program} \
    --property=Type=notify --property=NotifyAccess=all \
    --property=RuntimeMaxSec={SECONDS_AT_MOST} \
    python3 {_path(program)} {" ".join(map(str, arguments))}
"""


def ended(program: str) -> str:
    """Return what ends it, if it is there."""
    return f"systemctl stop landslide-chaos-{program}.service 2>/dev/null"


def signal(name: str, selector: str) -> str:
    """Return what sends a signal to all processes of the containers that a filter selects."""
    return f"""
    for container in $(docker ps --quiet --filter {selector}); do
        docker top $container -eo pid | tail -n +2 | xargs --no-run-if-empty kill -{name}
    done
"""


# The memory of a queue, taken by something else.
UNFILL_MEMORY = ended("memory")
# A chain of our own can be removed without a change to the engine's rules.
CHAIN = "LANDSLIDE-CHAOS"
DROP = f"""
    iptables -w -N {CHAIN} 2>/dev/null
    for hook in INPUT FORWARD OUTPUT; do
        iptables -w -C $hook -j {CHAIN} 2>/dev/null || iptables -w -I $hook -j {CHAIN}
    done
"""
UNDROP = f"""
    for hook in INPUT FORWARD OUTPUT; do
        iptables -w -D $hook -j {CHAIN} 2>/dev/null
    done
    iptables -w -F {CHAIN} 2>/dev/null
    iptables -w -X {CHAIN} 2>/dev/null
    true
"""
# What leaves the node. Few kernels have netem, and a packet that is held back by a program is late
# in the same way; where the program is gone, packets pass.
QUEUE = 200
LEAVING = "POSTROUTING -o eth0"
LOSS = f"{LEAVING} -m statistic --mode random --probability 0.05 -j DROP"
DELAY = f"{LEAVING} -j NFQUEUE --queue-num {QUEUE} --queue-bypass"
SLOW = f"""
    {running("delay", QUEUE, 200)}
    iptables -w -t mangle -A {LOSS} &&
        iptables -w -t mangle -A {DELAY}
"""
UNSLOW = f"""
    {ended("delay")}
    for rule in "{LOSS}" "{DELAY}"; do
        while iptables -w -t mangle -D $rule 2>/dev/null; do :; done
    done
"""
# By how many seconds it is off, a second each, in turn.
CLOCKS = {
    "an hour ahead": (3600,),
    "an hour back": (-3600,),
    "jumping": (3600, 0, -3600, 7, -7),
}
UNCLOCK = f"""
    {ended("clock")}
    [ ! -e {_path("clock")} ] || python3 {_path("clock")}
"""
# Of a disk of the node's own. No block of it is written; none is left for anybody else.
FILLER = "/var/lib/docker/landslide-chaos"
FILL_DISK = f"""
    end=0 size=1073741824
    while [ $size -ge 4096 ]; do
        if fallocate --offset $end --length $size {FILLER} 2>/dev/null; then
            end=$((end + size))
        else
            size=$((size / 2))
        fi
    done
    [ $end -gt 0 ]
"""
UNFILL_DISK = f"rm -f {FILLER}"
# All of the node but systemd itself, and what is run here.
SLICE = "/sys/fs/cgroup/system.slice"
THAW = f"echo 0 >{SLICE}/cgroup.freeze"
FREEZE_SECONDS = 10
# EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (linux/fs.h): from now on nothing gets onto the
# disk any more, also of what was written before and is not on it yet. Nobody runs any more by then,
# as where the power fails: a sync that this overtakes may report success for what is lost.
CUT = f"""
    echo 1 >{SLICE}/cgroup.freeze
    timeout {FREEZE_SECONDS} sh -c '
        until grep --quiet "frozen 1" {SLICE}/cgroup.events; do sleep 0.01; done
    ' && python3 -c 'import fcntl, os, struct
fcntl.ioctl(os.open("/var/lib/docker", os.O_RDONLY), 0x8004587D, struct.pack("I", 2))
    ' || {{ {THAW}; exit 1; }}
"""
# The Swarm's gossip, from which a node knows what the names of the overlay network stand for.
STALE = f"""
    {DROP}
    iptables -w -A {CHAIN} -p udp --dport 7946 -j DROP &&
        iptables -w -A {CHAIN} -p tcp --dport 7946 -j DROP
"""
# Which image a service had is kept where a reboot leaves it.
KEPT = "/var/tmp/landslide-chaos-image"
UPDATE = "docker service update --quiet --detach"
UNROLL = f"""
    for kept in {KEPT}.*; do
        [ -e $kept ] || continue
        {UPDATE} --image $(cat $kept) ${{kept##*.}} && rm $kept || exit 1
    done
"""
# The services that are being updated, or rolled back.
UPDATING = """
    docker service ls --quiet | xargs docker service inspect --format \\
        '{{.Spec.Name}} {{with .UpdateStatus}}{{.State}}{{end}}' |
        sed -n 's/ updating$//p; s/ rollback_started$//p'
"""
# A program of Python's, that is told the password of HAProxy's own figures.
STATISTICS = """
import base64, ssl, sys, urllib.request
request = urllib.request.Request("https://127.0.0.1/haproxy?stats;csv")
# The host asks itself: there is nobody between whom a certificate would tell.
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
word = base64.b64encode(b"admin:" + sys.argv[1].encode()).decode()
request.add_header("Authorization", "Basic " + word)
print(urllib.request.urlopen(request, timeout=2, context=context).read().decode(), end="")
"""
# What ends every fault, whatever began it.
HEAL = f"""
    {THAW}
    {UNFILL_DISK}
    {UNFILL_MEMORY}
    {UNCLOCK}
    {UNSLOW}
    {UNDROP}
    systemctl kill --signal=CONT docker.service containerd.service
    systemctl reset-failed docker.service containerd.service
    systemctl start docker.socket docker.service
    docker ps --quiet --filter status=paused | xargs --no-run-if-empty docker unpause
    {signal("CONT", "status=running")}
    for name in {" ".join(name for names in CONTAINERS.values() for name in names)}; do
        docker container inspect $name >/dev/null 2>&1 && docker start $name
    done
    {UNROLL}
"""
