"""The AWS account that is deployed to: who we are in it, and the bucket of Terraform's state."""

from __future__ import annotations

import re
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.deploy.errors import DeployError, say
from infra.deploy.terraform import FOLDER


@dataclass(frozen=True)
class Account:
    """One account and region."""

    id: str
    region: str

    @property
    def state_bucket(self) -> str:
        """Bucket of Terraform's state; bucket names are one space for all accounts."""
        return f"bellpull-state-{self.id}-{self.region}"

    @property
    def registry(self) -> str:
        """Host of the account's images."""
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"{self.id}.dkr.ecr.{self.region}.{suffix}"


def find_account(env: str) -> Account:
    """The account of the credentials in use, in the region of the environment.

    Raises:
        DeployError: there is no such environment, or there are no credentials that AWS takes.
    """
    region = read_region(env)
    try:
        identity = boto3.client("sts", region_name=region).get_caller_identity()
    except NoCredentialsError:
        raise DeployError(
            "There are no AWS credentials: set AWS_PROFILE, or log in (aws sso login), or set"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from None
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"AWS does not accept the credentials in use: {error}") from error
    say(f"Account {identity['Account']}, {region}, as {identity['Arn']}")
    return Account(identity["Account"], region)


def read_region(env: str) -> str:
    """The region that infra/ENV.tfvars names. Raises DeployError."""
    region = read_value(env, "region")
    if region is None:
        raise DeployError(f'infra/{env}.tfvars names no region: region = "eu-central-1"')
    return region


def read_value(env: str, name: str) -> str | None:
    """A text that infra/ENV.tfvars gives the variable `name`, None if it gives none.

    Raises:
        DeployError: there is no such file.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]{0,11}", env):
        raise DeployError("Say which environment: ENV=dev or ENV=prod")
    try:
        text = (FOLDER / f"{env}.tfvars").read_text(encoding="utf-8")
    except OSError:
        known = sorted(file.stem for file in FOLDER.glob("*.tfvars"))
        raise DeployError(
            f"There is no environment {env!r} (no file infra/{env}.tfvars):"
            f" ENV={' or ENV='.join(known)}"
        ) from None
    found = re.search(rf'^\s*{name}\s*=\s*"([^"]+)"', text, re.MULTILINE)
    return found[1] if found else None


def require_state_bucket(home: Account, env: str) -> None:
    """Raises DeployError if the bucket of the state is not there."""
    if not _has_bucket(home):
        raise DeployError(
            f"The bucket of Terraform's state, {home.state_bucket}, is not there:"
            f" make bootstrap ENV={env} makes it, once for each account and region."
        )


def make_state_bucket(home: Account) -> None:
    """Make the bucket if it is missing; the rest of it is Terraform's (infra/bootstrap)."""
    if _has_bucket(home):
        return
    where = (
        {}
        if home.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": home.region}}
    )
    try:
        boto3.client("s3", region_name=home.region).create_bucket(Bucket=home.state_bucket, **where)
    except ClientError as error:
        raise DeployError(f"{home.state_bucket} could not be made: {error}") from error
    say(f"Made the bucket {home.state_bucket}")


def _has_bucket(home: Account) -> bool:
    s3 = boto3.client("s3", region_name=home.region)
    try:
        # Never a bucket of somebody else who was faster to take the name.
        s3.head_bucket(Bucket=home.state_bucket, ExpectedBucketOwner=home.id)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return False
        raise DeployError(f"{home.state_bucket} cannot be looked at: {error}") from error
    return True
