"""Votes and pages, and what no client should send in their place: raw HTTP from a seed. No I/O."""

from collections.abc import Callable, Sequence
from enum import Enum
from random import Random
from typing import NamedTuple
from uuid import UUID

from frontend.voter import Voter, VoterCookieSigner

FORM = b"Content-Type: application/x-www-form-urlencoded"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
METHODS = b"PUT DELETE PATCH OPTIONS TRACE PROPFIND post M-SEARCH".split()
PATHS = b"/ /?vote=a /healthz /openapi.json /haproxy?stats /nowhere //".split()
ODD_PATHS = (
    b"/%00 /%zz /% /%2e%2e/%2e%2e/etc/passwd /../..// /./ /%2F /;a=b /\\ /# /?% ? * /\x7f "
    b"/\xff\xfe /%ff%fe /%c0%af http://votingapp.local/ https://votingapp.local/ http://x@y:99999/ "
    b"http:// votingapp.local:80 file:///etc/passwd http://[::1]/ http:/ "
    b"http://results.votingapp.local/"
).split(b" ")
ODD_PATHS += [b"/ HTTP/1.1 x"]
ODD_HOSTS = (
    b"|Host: results.votingapp.local|Host: nobody.example|Host: VOTINGAPP.LOCAL:80|Host: [::1]:80"
    b"|Host:|Host: a b|Host: \xff|Host: x\r\nHost: y|Host: a,b|Host: ../|Host: a:b:c"
    b"|Host: votingapp.local\r\nHost: votingapp.local"
).split(b"|")
ODD_HOSTS += [b"Host: " + b"a" * 300]
ODD_BODIES = (
    b"|vote=|vote|=a|vote=nobody|vote=a&vote=b|choice=a|&&&;|\0|vote=%00|vote=%ff|vote=%zz|vote=+a"
    b'|vote=\xff\xfe|%76ote=a|vote=a\r\n|vote=%61|vote[]=a|{"vote": "a"}'
).split(b"|")
ODD_BODIES += b"vote=a&last=|vote=a&last=-1|vote=a&last=1&last=2|last=9&vote=a|last=x".split(b"|")
ODD_BODIES += [b"vote=a&" * 99, b"v=1&" * 1500 + b"vote=a", b"vote=" + b"a" * 8000, b"x" * 12000]
ODD_KINDS = [
    *(FORM + rest for rest in (b"; charset=utf-7", b"; boundary*0*=utf-8''%ff", b";" * 999)),
    *(b"", b"Content-Type:", b"Content-Type: \xff", FORM + b"\r\n" + FORM, FORM + b'; x="\\"\\'),
    *(b"Content-Type: application/json", b"Content-Type: multipart/form-data; boundary=x"),
]
ODD_LENGTHS = b"-1|+6|0x6|6,6|6, 7| |6 6|\xb2|6.0|18446744073709551622|0|99|6\0".split(b"|")
ODD_LENGTHS += [b"6\r\nContent-Length: 6", b"6\r\nContent-Length: 60", b"9" * 30, b"1" * 5000]
ODD_CHUNKS = (
    b"zz\r\nvote=a\r\n0\r\n\r\n|6\r\nvote=a0\r\n\r\n|-6\r\nvote=a\r\n0\r\n\r\n|6\r\n|0\r\n"
    b"|ffffffffffffffff\r\nvote=a\r\n0\r\n\r\n|6\nvote=a\n0\n\n|6;\0\r\nvote=a|6;a=\n\r\nvote=a\r\n0\r\n"
    b"\r\n| 6\r\nvote=a\r\n0\r\n\r\n|6\r\nvote=a\r\n0\r\nContent-Length: 9\r\n\r\n"
).split(b"|")
ODD_CHUNKS += [b"1\r\nv\r\n" * 2000 + b"0\r\n\r\n", b"0" * 99 + b"6\r\nvote=a\r\n0\r\n\r\n"]
ODD_CODINGS = (
    b"chunked|Chunked|chunked, identity|identity|gzip, chunked|xchunked|chunked, chunked|"
    b"|\x0bchunked| chunked|chunked\r\nTransfer-Encoding: x"
).split(b"|")
ODD_HEADERS = (
    b"Name : x| folded|X-A: b\r\n folded|: x|nothing|X-\0: x|X-A: \0|X-\xff: x|X-A: \xff|X(A): x"
    b"|X-A: b\rX-B: c|X-A: b\nX-B: c|X-A: \x7f\x01|Connection: close, Content-Length|TE: trailers"
    b"|Connection: X-Edge-Token|Keep-Alive: max=0|Upgrade: websocket\r\nConnection: Upgrade"
    b"|Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings"
    b"|Expect: 100-continue|Expect: nonsense|Range: bytes=0-0,5-|Accept: ;q=\xff, /|Origin: null"
    b"|Origin: http://|Sec-Fetch-Site: \xff|Accept-Encoding: gzip;q=x|Accept-Language: *;q=1e9,\xff"
).split(b"|")
ODD_HEADERS += [b"Accept: " + b"*/*;q=" * 300, b"Accept-Language: " + b"x-" * 900]
FORGERIES = (
    b"X-Edge-Token: guess|X_Edge_Token: guess|X-Edge-Token:|X-Forwarded-For: 127.0.0.1"
    b"|X-Real-IP: ::1|X-Forwarded-Proto: https|Forwarded: for=127.0.0.1|X-Rate-Flag: 1"
).split(b"|")


class Ending(Enum):
    """What a client does when it has sent a request."""

    ANSWER = "read as many answers as there should be; the connection may go on"
    END = "send no more, and read all there is"
    GONE = "go, and read nothing"
    OPEN = "wait for the other side to end it"


class Request(NamedTuple):
    """What is sent, and who is in it."""

    kind: str
    data: bytes
    ending: Ending
    votes: list[tuple[str, str]]
    """Who may vote, and what: (voter, choice)."""
    hidden: list[str]
    """Who may vote, too, if it is taken for more than one request."""
    nobodies: list[str]
    """Who may not vote, whatever it is taken for."""

    @property
    def answers(self) -> int:
        """How many it should have: one for each voter. Odd ones may have more, or fewer."""
        return len({voter for voter, _ in self.votes})


class Pen:
    """Writes one request, and keeps who is in it."""

    def __init__(self, random: Random, signer: VoterCookieSigner, choices: Sequence[str]) -> None:
        self.random, self.pick = random, random.choice
        self._signer, self._choices = signer, choices
        self.votes: list[tuple[str, str]] = []
        self.hidden: list[str] = []
        self.nobodies: list[str] = []

    def uuid(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def hide(self) -> str:
        self.hidden.append(self.uuid())
        return self.hidden[-1]

    def nobody(self) -> str:
        self.nobodies.append(self.uuid())
        return self.nobodies[-1]

    def cookie(self, voter: str) -> bytes:
        return f"Cookie: {self._signer.name}={self._signer.sign(Voter(voter))}".encode()

    def noise(self, most: int) -> bytes:
        return self.random.randbytes(self.random.randint(1, most))

    def vote(
        self,
        *more: bytes,
        line: bytes = b"POST / HTTP/1.1",
        host: bytes = b"Host: votingapp.local",
        cookie: bytes | None = None,
        kind: bytes = FORM,
        framing: bytes | None = None,
        body: bytes | None = None,
    ) -> bytes:
        """A vote of somebody new, but for what is given."""
        choice, voter = self.pick(self._choices), self.uuid()
        # What is in another body is not known here.
        choices = [choice] if body is None else self._choices
        self.votes += ((voter, choice) for choice in choices)
        if body is None:
            # Browsers send the one or the other, programs also neither.
            body = b"vote=%b%b" % (choice.encode(), self.pick((b"&last=0", b"")))
        framing = b"Content-Length: %d" % len(body) if framing is None else framing
        cookie = self.cookie(voter) if cookie is None else cookie
        accept = self.pick((b"", b"Accept: application/json", b"Accept: text/html, */*;q=0.8"))
        lines = [line, host, accept, cookie, *more, kind, framing]
        return b"\r\n".join(filter(None, lines)) + b"\r\n\r\n" + body

    def get(self, path: bytes, *more: bytes) -> bytes:
        return self.vote(*more, line=b"GET %b HTTP/1.1" % path, kind=b"", framing=b"", body=b"")

    def smuggled(self) -> bytes:
        """A vote that is to hide in another request."""
        return b"POST / HTTP/1.1\r\nHost: x\r\n%b\r\n%b\r\nContent-Length: 6\r\n\r\nvote=%b" % (
            *(self.cookie(self.hide()), FORM),
            self.pick(self._choices).encode(),
        )


def chunks(pen: Pen) -> bytes:
    """A vote in chunks as they should be, with an extension and a trailer."""
    body = b"3;x=y\r\nvot\r\n3\r\ne=a\r\n0\r\nX-Trailer: x\r\n\r\n"
    return pen.vote(framing=b"Transfer-Encoding: chunked", body=body)


def forged(pen: Pen) -> bytes:
    """A vote of somebody who says to be somebody else, as only the load balancer may."""
    headers = [b"X-Request-ID: " + pen.nobody().encode(), *pen.random.sample(FORGERIES, 3)]
    return pen.vote(*headers, cookie=b"")


def odd_cookie(pen: Pen) -> bytes:
    real, other = pen.cookie(pen.nobody()), pen.cookie(pen.hide())
    forged = real[:-1] + (b"0" if real[-1:] != b"0" else b"1")
    odd = [forged, real[: pen.random.randint(14, len(real) - 1)], real.replace(b"=3.", b"=1.")]
    name = real.partition(b"=")[0]
    odd += [name + b"=" + pen.noise(40).translate(None, b"\r\n\0"), name]
    odd += [forged + other.replace(b"Cookie:", b";"), forged + b"\r\n" + other, b"Cookie:"]
    odd += [name + b"=" + b"3." * pen.random.randint(100, 3500), b"Cookie: " + b"a=b;" * 900]
    return pen.vote(cookie=pen.pick(odd))


def smuggling(pen: Pen) -> bytes:
    """Two lengths that disagree, and a vote between the one and the other."""
    inner = pen.smuggled()
    coding = b"Transfer-Encoding:" + pen.pick((b" ", b"")) + pen.pick(ODD_CODINGS)
    length = b"Content-Length: %d" % pen.pick((0, 4, 6, 5 + len(inner), 6 + len(inner)))
    framing = b"\r\n".join(pen.random.sample((coding, length), pen.pick((1, 2, 2))))
    body = pen.pick((b"0\r\n\r\n", b"6\r\nvote=a\r\n0\r\n\r\n", b"vote=a")) + inner
    return pen.vote(framing=framing, body=body, line=pen.pick((b"POST", b"GET")) + b" / HTTP/1.1")


def flipped(pen: Pen) -> bytes:
    """A vote of which bytes are others, missing, or there twice."""
    data = bytearray(pen.vote())
    for _ in range(pen.random.randint(1, 4)):
        at = pen.random.randrange(len(data))
        data[at : at + pen.pick((0, 1, 9))] = pen.pick((b"", pen.noise(3), bytes(data[at:][:20])))
    return bytes(data)


def spliced(pen: Pen) -> bytes:
    """The beginning of one and the end of another."""
    one, other = pen.pick(PARTS)(pen), pen.pick(PARTS)(pen)
    return one[: pen.random.randrange(len(one))] + other[pen.random.randrange(len(other)) :]


def cut(pen: Pen) -> bytes:
    whole = pen.vote()
    return whole[: pen.random.randrange(1, len(whole))]


def without_end(pen: Pen) -> bytes:
    return pen.vote(pen.pick((b"X-A: ", b"Cookie: a=")) + b"x" * pen.random.randint(8000, 200_000))


Mutator = Callable[[Pen], bytes]
USUAL: dict[str, Mutator] = {"vote": Pen.vote}
# Each request is whole, however odd: it has an answer, and the connection may go on.
WHOLE: dict[str, Mutator] = {
    "page": lambda pen: pen.get(pen.pick(PATHS)),
    "vote without cookie": lambda pen: pen.vote(cookie=b""),
    "vote in chunks": chunks,
    "forged headers": forged,
    "cookie": odd_cookie,
    "body": lambda pen: pen.vote(body=pen.pick((*ODD_BODIES, pen.noise(200)))),
    "content type": lambda pen: pen.vote(kind=pen.pick(ODD_KINDS)),
    "method": lambda pen: pen.vote(line=pen.pick(METHODS) + b" / HTTP/1.1"),
    "target": lambda pen: pen.vote(line=b"POST %b HTTP/1.1" % pen.pick(ODD_PATHS)),
    "page of a target": lambda pen: pen.get(pen.pick(ODD_PATHS)),
    "host": lambda pen: pen.vote(host=pen.pick(ODD_HOSTS)),
    "pipelined": lambda pen: b"".join(pen.vote() for _ in range(pen.random.randint(2, 6))),
    "many headers": lambda pen: pen.vote(*[b"X-A: b"] * pen.random.randint(20, 150)),
}
# These may be more, less, or no request at all; the connection ends with them.
ODD: dict[str, Mutator] = {
    "header": lambda pen: pen.vote(*pen.random.choices(ODD_HEADERS, k=pen.random.randint(1, 3))),
    "long header": without_end,
    "long target": lambda pen: pen.get(b"/" + b"a%20" * pen.random.randint(500, 9000)),
    "content length": lambda pen: pen.vote(framing=b"Content-Length: " + pen.pick(ODD_LENGTHS)),
    "bad chunks": lambda pen: pen.vote(
        framing=b"Transfer-Encoding: chunked", body=pen.pick((*ODD_CHUNKS, pen.noise(60)))
    ),
    "smuggling": smuggling,
    "bytes": flipped,
    "line ends": lambda pen: pen.pick((b"\n", b"\r", b"\r\r\n")).join(pen.vote().split(b"\r\n")),
    "method, odd": lambda pen: pen.vote(
        line=pen.pick((b"HEAD", b"CONNECT", b"P\0ST", b"\xff", b"", b"A" * 900)) + b" / HTTP/1.1"
    ),
    "version": lambda pen: pen.vote(
        line=b"POST /" + pen.pick((b" HTTP/1.0", b" HTTP/2.0", b" HTTP/9", b"", b" HTTP/1.1 x"))
    ),
    "HTTP/0.9": lambda pen: pen.pick((b"GET /\r\n", b"GET / \r\n\r\n", b"POST /\r\n\r\nvote=a")),
    "HTTP/2": lambda pen: PREFACE + pen.pick((b"", b"\0\0\0\4\0\0\0\0\0", pen.noise(90))),
    "tunnel": lambda pen: pen.vote(line=b"CONNECT x:80 HTTP/1.1", framing=b"", body=pen.smuggled()),
    "noise": lambda pen: pen.noise(400),
    "cut": cut,
    "spliced": spliced,
}
PARTS: tuple[Mutator, ...] = tuple(ODD.values())[:-1]
# Nobody waits for these answers, if there are any.
GONE: dict[str, Mutator] = {"gone": lambda pen: pen.pick((Pen.vote, cut))(pen)}
# The load balancer has to end these.
OPEN: dict[str, Mutator] = {"left open": cut}
SHARES = (
    (USUAL, Ending.ANSWER, 33.0),
    (WHOLE, Ending.ANSWER, 32.0),
    (ODD, Ending.END, 32.0),
    (GONE, Ending.GONE, 3.0),
    (OPEN, Ending.OPEN, 0.05),
)


def draw(seed: int, number: int, signer: VoterCookieSigner, choices: Sequence[str]) -> Request:
    """The request of a number: the same each time, with the same seed, key and choices."""
    random = Random(f"{seed} {number}")
    [(mutators, ending, _)] = random.choices(SHARES, [share for _, _, share in SHARES])
    kind = random.choice(list(mutators))
    pen = Pen(random, signer, choices)
    data = mutators[kind](pen)
    return Request(kind, data, ending, pen.votes, pen.hidden, pen.nobodies)
