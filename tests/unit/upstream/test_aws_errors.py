"""Errors of AWS fall into the family that says whether trying again can help."""

from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.stub import Stubber

from chalicelib.domain.load_balancers import LoadBalancerSpec
from worker.upstream import errors
from worker.upstream.aws.client import make_client
from worker.upstream.aws.errors import upstream_error
from worker.upstream.aws.load_balancers import AwsLoadBalancers

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/x/0123456789abcdef"


def client_error(code: str, status: int = 400, message: str = "AWS's own words.") -> Exception:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return exceptions.ClientError(response, "CreateLoadBalancer")


@pytest.mark.parametrize(
    ("code", "status", "family"),
    [
        ("LoadBalancerNotFound", 400, errors.UpstreamNotFound),
        ("SubnetNotFound", 400, errors.UpstreamRejected),
        ("ValidationError", 400, errors.UpstreamRejected),
        ("InvalidConfigurationRequest", 400, errors.UpstreamRejected),
        ("OperationNotPermitted", 400, errors.UpstreamRejected),
        ("SomethingNew", 400, errors.UpstreamRejected),
        ("Throttling", 400, errors.UpstreamThrottled),
        ("ThrottlingException", 400, errors.UpstreamThrottled),
        ("ThrottledException", 400, errors.UpstreamThrottled),
        ("RequestLimitExceeded", 503, errors.UpstreamThrottled),
        ("TooManyRequestsException", 429, errors.UpstreamThrottled),
        ("SomethingNew", 429, errors.UpstreamThrottled),
        ("TooManyLoadBalancers", 400, errors.UpstreamQuotaExceeded),
        ("TooManyTags", 400, errors.UpstreamQuotaExceeded),
        ("CapacityUnitsLimitExceeded", 400, errors.UpstreamQuotaExceeded),
        ("LimitExceededException", 400, errors.UpstreamQuotaExceeded),
        ("PriorRequestNotComplete", 429, errors.UpstreamBusy),
        ("InsufficientInstanceCapacity", 500, errors.UpstreamBusy),
        ("InsufficientHostCapacity", 500, errors.UpstreamBusy),
        ("InsufficientCapacityOnHost", 400, errors.UpstreamBusy),
        ("InsufficientReservedInstanceCapacity", 500, errors.UpstreamBusy),
        ("InsufficientVolumeCapacity", 500, errors.UpstreamBusy),
        ("InsufficientAddressCapacity", 500, errors.UpstreamBusy),
        ("InsufficientCapacity", 500, errors.UpstreamBusy),
        ("InsufficientFreeAddressesInSubnet", 400, errors.UpstreamRejected),
        ("ResourceInUse", 400, errors.UpstreamBusy),
        ("DuplicateLoadBalancerName", 400, errors.UpstreamBusy),
        ("InternalFailure", 500, errors.UpstreamUnavailable),
        ("ServiceUnavailable", 503, errors.UpstreamUnavailable),
        ("502", 502, errors.UpstreamUnavailable),
        ("ExpiredToken", 403, errors.UpstreamUnavailable),
        ("AccessDenied", 403, errors.UpstreamForbidden),
        ("InvalidClientTokenId", 403, errors.UpstreamForbidden),
    ],
)
def test_code_and_status_decide_the_family(code: str, status: int, family: type) -> None:
    assert type(upstream_error(client_error(code, status))) is family


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url="https://elb.example"),
        exceptions.ConnectTimeoutError(endpoint_url="https://elb.example"),
        exceptions.ReadTimeoutError(endpoint_url="https://elb.example"),
        exceptions.ConnectionClosedError(endpoint_url="https://elb.example"),
        exceptions.NoCredentialsError(),
        exceptions.CredentialRetrievalError(provider="container-role", error_msg="timed out"),
    ],
)
def test_what_aws_did_not_answer_is_unavailable(error: Exception) -> None:
    assert type(upstream_error(error)) is errors.UpstreamUnavailable


def test_parameters_that_boto3_refuses_are_rejected() -> None:
    error = exceptions.ParamValidationError(report="Invalid type for parameter Name")
    assert type(upstream_error(error)) is errors.UpstreamRejected


def test_message_carries_the_words_of_aws_the_code_and_the_operation() -> None:
    error = upstream_error(client_error("InvalidSubnet", message="No addresses left."))
    assert error.message == "No addresses left. (InvalidSubnet, CreateLoadBalancer)"


def test_forbidden_does_not_tell_users_the_role_of_the_worker() -> None:
    error = upstream_error(client_error("AccessDenied", message="arn:aws:sts::1:role may not"))
    assert "arn:" not in error.message
    assert "CreateLoadBalancer" in error.message


def stubbed(method: str, code: str, message: str = "") -> AwsLoadBalancers:
    client = make_client("elbv2", "us-east-1")
    stubber = Stubber(client)
    stubber.add_client_error(method, code, message)
    stubber.activate()
    return AwsLoadBalancers(lambda: client)


def test_throttled_call_is_retryable() -> None:
    upstream = stubbed("describe_load_balancers", "Throttling", "Rate exceeded")
    with pytest.raises(errors.UpstreamThrottled, match="Rate exceeded"):
        upstream.create("token", LoadBalancerSpec(name="x", subnet_ids=["s"]))


def test_arn_of_another_account_is_not_found() -> None:
    upstream = stubbed("describe_load_balancers", "ValidationError", "not a valid ARN")
    with pytest.raises(errors.UpstreamNotFound, match=ARN):
        upstream.get(ARN)


def test_delete_of_an_arn_that_aws_refuses_is_not_taken_for_success() -> None:
    upstream = stubbed("delete_load_balancer", "ValidationError", "not a valid ARN")
    with pytest.raises(errors.UpstreamRejected):
        upstream.delete(ARN)


def test_delete_of_a_missing_load_balancer_succeeds() -> None:
    stubbed("delete_load_balancer", "LoadBalancerNotFound").delete(ARN)


def test_delete_under_protection_says_how_to_lift_it() -> None:
    upstream = stubbed("delete_load_balancer", "OperationNotPermitted", "It is protected.")
    with pytest.raises(errors.UpstreamRejected, match=r"protected.*deletion_protection\.enabled"):
        upstream.delete(ARN)
