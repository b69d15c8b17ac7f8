"""What an operator should look into, in sentences. Pure."""

from collections.abc import Iterator

from overview.store import Books, Queue
from overview.swarm import Cluster, Node, Service

# A ballot that waits for longer is not on its ordinary way any more.
LATE_SECONDS = 15
# Workers look at every queue once a second.
UNSEEN_SECONDS = 10


def warnings(books: Books | None, cluster: Cluster | None) -> Iterator[str]:
    """A sentence for each thing that is not as it should be."""
    if cluster is not None:
        for node in cluster.nodes:
            yield from _of_node(node)
        for service in cluster.services:
            yield from _of_service(service)
    if books is not None:
        for queue in books.queues:
            yield from _of_queue(queue, books.state)
        if books.rejected:
            entries = "1 entry was" if books.rejected == 1 else f"{books.rejected:,} entries were"
            yield f"{entries} rejected: they are in the table rejected, with the reason."


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
    if queue.missing:
        yield f"{name} misses {queue.missing:,}: they have left it, and are not in the store."
    # Of a queue that has ended nobody reports. Its machine may be gone.
    if queue.retired and not queue.intake_open and not queue.waiting:
        return
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
