"""What an operator should look into, in sentences. Pure."""

from collections.abc import Iterator, Mapping

from overview.balancer import State
from overview.store import PollStatus, Queue
from overview.swarm import Cluster, Node, Service

# A ballot that waits for longer is not on its ordinary way any more.
LATE_SECONDS = 15
# Workers look at every queue once a second.
UNSEEN_SECONDS = 10
# Clocks that differ by less decide nothing.
CLOCK_SECONDS = 1


def warnings(
    status: PollStatus | None, cluster: Cluster | None, balancers: Mapping[str, State]
) -> Iterator[str]:
    """A sentence for each thing that is not as it should be; load balancers are by address."""
    if cluster is not None:
        for node in cluster.nodes:
            yield from _of_node(node)
        for service in cluster.services:
            yield from _of_service(service)
    for address, state in balancers.items():
        yield from _of_balancer(address, state)
    if status is not None:
        for queue in status.queues:
            yield from _of_queue(queue, status.state)
        if status.rejected:
            yield (
                f"{_entries(status.rejected)} rejected: they are in the table rejected, with the "
                "reason."
            )
        if status.rejected_own:
            yield (
                f"{_entries(status.rejected_own)} rejected that may be votes with a receipt: there "
                "is no certificate with them."
            )
        if status.collisions:
            yield (
                f"{_entries(status.collisions)} found under the id of another one: they are in the "
                "table collisions and in no count, and there is no certificate with them."
            )


def _entries(count: int) -> str:
    return "1 entry was" if count == 1 else f"{count:,} entries were"


def _of_balancer(address: str, state: State) -> Iterator[str]:
    name = f"The load balancer {address}"
    if not state.configured:
        yield f"{name} goes on with its last good configuration: HAProxy refuses the new one."
    if state.ahead is None:
        yield f"{name} does not know whether its clock is right: no manager tells it the time."
    clock = _clock(state.ahead or 0)
    if state.drains:
        yield f"{name} takes no voters and leaves them to another one: its clock is {clock}."
    elif abs(state.ahead or 0) > CLOCK_SECONDS:
        yield f"{name} goes on with a clock that is {clock}."


def _clock(ahead: float) -> str:
    return f"{abs(ahead):,.1f} s {'behind' if ahead > 0 else 'ahead of'} the managers'"


def _of_node(node: Node) -> Iterator[str]:
    if node.state != "ready":
        yield f"Node {node.name} is {node.state}."
    if node.availability != "active":
        yield f"Node {node.name} gets no work: its availability is {node.availability}."
    if node.manager == "unreachable":
        yield f"Manager {node.name} is unreachable."


def _of_service(service: Service) -> Iterator[str]:
    if service.running < service.wanted:
        yield f"Service {service.name} runs {service.running} of {service.wanted} tasks."
    if service.update not in ("", "completed"):
        yield f"The latest update of {service.name}: {service.update.replace('_', ' ')}."


def _of_queue(queue: Queue, state: str) -> Iterator[str]:
    name = f"The queue of {queue.node or 'a node without a vote yet'}"
    if queue.shortfall:
        yield (
            f"{name} once reported {queue.shortfall:,} entries less than before: it has lost them, "
            "and there is no certificate without them."
        )
    if queue.missing > 0:
        yield f"{name} misses {queue.missing:,}: they have left it, and are not in the store."
    # Of a queue that has ended nobody reports. Its machine may be gone.
    if queue.retired and not queue.intake_open and not queue.backlog:
        return
    if queue.age is not None and queue.age < -CLOCK_SECONDS:
        yield f"{name} has a clock that is {-queue.age:,.0f} s ahead of the store's, or more."
    if queue.seen < -CLOCK_SECONDS:
        yield (
            f"{name} was last seen {-queue.seen:,.0f} s in the future: the store's clock was set "
            "back, and nobody has seen the queue since."
        )
    # Before the poll opens there is nothing in a queue for workers to report.
    if queue.seen > UNSEEN_SECONDS and state != "waiting":
        yield (
            f"{name} was last seen {queue.seen:,.0f} s ago: its node is away, or no worker "
            "reaches it."
        )
    elif state == "open" and not queue.intake_open and not queue.retired:
        yield f"{name} takes no votes, though the poll is open."
    elif queue.age is not None and queue.age > LATE_SECONDS:
        yield f"{name} is {queue.age:,.0f} s behind: workers or Postgres are too slow for it."
