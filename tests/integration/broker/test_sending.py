"""Messages are sent to an SQS that checks them, and what goes wrong is what boto3 would raise."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from chalicelib.broker import bell as bell_module
from chalicelib.broker import sending
from chalicelib.broker.bell import ring
from chalicelib.broker.message import Bell
from chalicelib.broker.sending import Sender
from chalicelib.settings import Settings


def make_settings(**changes: Any) -> Settings:
    values = {"database_url": "sqlite:///unused", "sqs_queue_url": "http://127.0.0.1:9/1/{queue}"}
    return Settings(**(values | changes))


@pytest.fixture
def settings(moto_server: str) -> Settings:
    """Of a queue called default, made for this test."""
    name = f"sending-{uuid.uuid4().hex[:8]}-default"
    client = boto3.client("sqs", endpoint_url=moto_server, region_name="us-east-1")
    url = client.create_queue(QueueName=name)["QueueUrl"]
    client.close()
    return make_settings(
        sqs_queue_url=url.replace("-default", "-{queue}"), sqs_endpoint_url=moto_server
    )


@pytest.fixture
def sender(settings: Settings) -> Iterator[Sender]:
    made = Sender(settings)
    yield made
    made.close()


def receive(settings: Settings) -> list[str]:
    client = boto3.client("sqs", endpoint_url=settings.sqs_endpoint_url, region_name="us-east-1")
    answer = client.receive_message(QueueUrl=settings.queue_url("default"), MaxNumberOfMessages=10)
    client.close()
    return [message["Body"] for message in answer.get("Messages", [])]


def test_message_arrives_as_it_was_written(settings: Settings, sender: Sender) -> None:
    body = 'quotes " and \\ and ö and 🙂\n'
    answer = sender.send_message(
        QueueUrl=settings.queue_url("default"), MessageBody=body, MessageGroupId="demo"
    )
    assert answer["MessageId"]
    assert receive(settings) == [body]


def test_batch_arrives(settings: Settings, sender: Sender) -> None:
    entries = [{"Id": str(n), "MessageBody": f"body {n}", "DelaySeconds": 0} for n in range(3)]
    answer = sender.send_message_batch(QueueUrl=settings.queue_url("default"), Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["0", "1", "2"]
    assert sorted(receive(settings)) == ["body 0", "body 1", "body 2"]


def test_refusal_is_the_clients_error(settings: Settings, sender: Sender) -> None:
    with pytest.raises(ClientError) as caught:
        sender.send_message(QueueUrl=settings.queue_url("missing"), MessageBody="x")
    assert "NonExistentQueue" in caught.value.response["Error"]["Code"] or (
        "QueueDoesNotExist" in caught.value.response["Error"]["Code"]
    )


def test_nobody_there_is_the_clients_error() -> None:
    settings = make_settings(sqs_endpoint_url="http://127.0.0.1:9")
    sender = Sender(settings)
    with pytest.raises(EndpointConnectionError):
        sender.send_message(QueueUrl=settings.queue_url("default"), MessageBody="x")


def test_answer_that_is_not_sqs_is_an_error(moto_server: str) -> None:
    sender = Sender(make_settings(sqs_endpoint_url=f"{moto_server}/moto-api/"))
    with pytest.raises(ClientError):
        sender.send_message(QueueUrl="http://127.0.0.1:9/1/default", MessageBody="x")


def test_bells_ring_in_a_mocked_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="mocked-default")["QueueUrl"]
        settings = make_settings(sqs_queue_url=url.replace("-default", "-{queue}"))
        monkeypatch.setattr(bell_module, "_get_sender", lambda: Sender(settings))
        monkeypatch.setattr(bell_module, "get_settings", lambda: settings)
        bells = [
            Bell(job_id=f"j{n}", task="t", queue="default", project_id="p", parameters={})
            for n in range(3)
        ]
        assert ring(bells[:1]) == ring(bells[1:]) == []
        messages = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        ids = {msgspec.json.decode(message["Body"])["headers"]["id"] for message in messages}
    assert ids == {"j0", "j1", "j2"}


def test_received_messages_are_shown_again_and_deleted(settings: Settings, sender: Sender) -> None:
    url = settings.queue_url("default")
    client = boto3.client("sqs", endpoint_url=settings.sqs_endpoint_url, region_name="us-east-1")
    sender.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": f"body {n}"} for n in range(3)]
    )

    def take() -> dict[str, str]:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return {each["Body"]: each["ReceiptHandle"] for each in answer.get("Messages", [])}

    handles = list(take().values())
    assert take() == {}
    entries = [
        {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": 0}
        for n, handle in enumerate([*handles, "no handle at all"])
    ]
    answer = sender.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Failed"]] == ["3"]
    again = take()
    assert sorted(again) == ["body 0", "body 1", "body 2"]
    first, *others = again.values()
    sender.delete_message(QueueUrl=url, ReceiptHandle=first)
    answer = sender.delete_message_batch(
        QueueUrl=url,
        Entries=[{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(others)],
    )
    assert not answer.get("Failed")
    counts = client.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert set(counts.values()) == {"0"}
    client.close()


def test_request_names_its_target_as_a_path() -> None:
    """Not as a whole URL, which is for proxies and which AWS does not sign."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        sender = Sender(
            make_settings(sqs_endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        )
        assert sender.send_message(QueueUrl="http://127.0.0.1/1/default", MessageBody="x") == {}
        thread.join()
        sender.close()
    assert heard[0].startswith(b"POST / HTTP/1.1\r\n")


@pytest.mark.parametrize("kind", [sending._Connection, sending._TlsConnection])
def test_head_and_body_of_a_request_leave_together(kind: Any) -> None:
    sent: list[bytes] = []
    connection = kind("127.0.0.1", 9)
    connection.sock = SimpleNamespace(
        sendall=sent.append, settimeout=lambda _: None, close=lambda: None
    )
    connection.request("POST", "/", body=b"{}", headers={"Content-Length": "2"})
    assert len(sent) == 1
    assert sent[0].startswith(b"POST / HTTP/1.1\r\n")
    assert sent[0].endswith(b"\r\n\r\n{}")
    connection.close()
