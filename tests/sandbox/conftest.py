from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from ackpy.sandbox.aws_endpoint import AwsEndpoint

Clients = Callable[..., Any]


@pytest.fixture(scope="session")
def clients(aws_endpoint: AwsEndpoint) -> Iterator[Clients]:
    """botocore clients of the shared endpoint that send what they are given, once."""
    session = botocore.session.get_session()
    made: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str = "eu-west-1") -> Any:
        if (service, region) not in made:
            made[service, region] = session.create_client(
                service,
                region_name=region,
                endpoint_url=aws_endpoint.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False, inject_host_prefix=False),
            )
        return made[service, region]

    yield client
    for one in made.values():
        one.close()


@pytest.fixture
def s3(clients: Clients) -> Any:
    return clients("s3")


@pytest.fixture
def sqs(clients: Clients) -> Any:
    return clients("sqs")
