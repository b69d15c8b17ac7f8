"""./landslide status"""

import click

from .inventory import Inventory, inventory_options


@click.command()
@inventory_options
def status(inventory: Inventory) -> None:
    """Shows the nodes, the services, the queues and the count."""
