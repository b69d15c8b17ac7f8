"""An AWS on loopback, made by moto: with a key pair, and an image that a parameter names.

Its machines exist on paper only, and their public addresses are somebody's: never connect to them.
"""

import signal
import sys
from typing import Any

import boto3
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.route_tables import RouteTable
from moto.elbv2.models import FakeLoadBalancer, elbv2_backends
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
KEY_PAIR = "landslide"
IMAGE_PARAMETER = "/landslide/image"  # names below /aws are reserved here as there

create_instance = Instance.create_from_cloudformation_json
delete_any_stack = Stack.delete


def create_network_balancer(
    cls: type, name: str, description: dict[str, Any], account_id: str, region_name: str, **_: Any
) -> FakeLoadBalancer:
    """Make what a template describes; moto's own way knows neither its type nor its addresses."""
    properties = description["Properties"]
    return elbv2_backends[account_id][region_name].create_load_balancer(
        name,
        properties["SecurityGroups"],
        subnet_ids=[],
        subnet_mappings=properties["SubnetMappings"],
        loadbalancer_type=properties["Type"],
    )


def create_tagged_instance(
    cls: type, name: str, description: dict[str, Any], account_id: str, region_name: str, **_: Any
) -> Instance:
    """Make one whose volumes have what they have there: zone, snapshot, and the tags asked for."""
    instance = create_instance(name, description, account_id, region_name)
    properties = description["Properties"]
    backend = ec2_backends[account_id][region_name]
    subnet = backend.get_subnet(properties["SubnetId"])
    volumes = [device.volume_id for device in instance.block_device_mapping.values()]
    backend.create_tags(volumes, {tag["Key"]: tag["Value"] for tag in properties["Tags"]})
    for volume in volumes:
        backend.volumes[volume].zone = backend.get_zone_by_name(subnet.availability_zone)
        backend.volumes[volume].snapshot_id = "snap-00000000000000000"
    return instance


def delete_route_table(table: RouteTable, *_: str) -> None:
    """Go with the stack; moto forgets it then, and its network cannot go either."""
    table.ec2_backend.delete_route_table(table.id)


def update_termination_protection(response: CloudFormationResponse) -> ActionResult:
    """Do what moto has no action for."""
    stack = response.cloudformation_backend.get_stack(response._get_param("StackName"))
    stack.enable_termination_protection = response._get_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


def delete_stack(stack: Stack) -> None:
    """Refuse to delete what is protected; moto does not."""
    if stack.enable_termination_protection:
        raise ValidationError(message=f"Stack [{stack.name}] cannot be deleted while protected")
    delete_any_stack(stack)


def start(port: int) -> ThreadedMotoServer:
    """Serve on loopback; port 0 is any that is free."""
    FakeLoadBalancer.create_from_cloudformation_json = classmethod(create_network_balancer)
    Instance.create_from_cloudformation_json = classmethod(create_tagged_instance)
    RouteTable.delete = delete_route_table
    CloudFormationResponse.update_termination_protection = update_termination_protection
    Stack.delete = delete_stack
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    return server


def client(server: ThreadedMotoServer, service: str) -> Any:
    """Return what asks a service of this AWS."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url="http://{}:{}".format(*server.get_host_and_port()),
        aws_access_key_id="landslide",
        aws_secret_access_key="nobody",
    )


def fill(server: ThreadedMotoServer) -> None:
    """Make what there is before any stack."""
    computers = client(server, "ec2")
    image = computers.describe_images()["Images"][0]["ImageId"]
    client(server, "ssm").put_parameter(Name=IMAGE_PARAMETER, Value=image, Type="String")
    computers.create_key_pair(KeyName=KEY_PAIR)


def main() -> None:
    """Serve until told to end, or for an hour."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    server = start(int(sys.argv[1]))
    fill(server)
    print("ready", flush=True)
    signal.sigtimedwait({signal.SIGTERM}, 3600)
    server.stop()


if __name__ == "__main__":
    main()
