"""`python -m infra.deploy bootstrap|plan|deploy|run|destroy ENV`: what the Makefile calls.

Each step says what it does; each error is one line that says what is missing and what to type.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from infra.deploy import account, image, migration, terraform
from infra.deploy.errors import DeployError, say


def main(arguments: list[str]) -> int:
    """Run one verb; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("verb", choices=sorted(_VERBS))
    parser.add_argument("env", help="an environment: infra/ENV.tfvars")
    parser.add_argument("command", nargs="*", help="with run: a command of `python -m worker`")
    parsed = parser.parse_args(arguments)
    try:
        _VERBS[parsed.verb](parsed.env, parsed.command)
    except DeployError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except subprocess.CalledProcessError as error:  # it has said what is wrong itself
        return error.returncode or 1
    except KeyboardInterrupt:
        return 130
    return 0


def bootstrap(env: str, _: list[str]) -> None:
    """Make what the account and region of `env` need once."""
    home = account.find_account(env)
    account.make_state_bucket(home)
    values = [f"-var=region={home.region}", f"-var=state_bucket={home.state_bucket}"]
    terraform.init(home, key="bootstrap.tfstate", folder="bootstrap")
    terraform.run("apply", *terraform.approval(), *values, folder="bootstrap")
    say(f"The account {home.id} is ready in {home.region}: make deploy ENV={env}")


def plan(env: str, _: list[str]) -> None:
    """Show what a deploy would change; nothing is built and nothing changed."""
    home = _prepare(env)
    terraform.run("plan", *_values(env, image.image_uri(home, env)))


def deploy(env: str, _: list[str]) -> None:
    """Build the image if it is new, then apply: migrations first, then the new code."""
    home = _prepare(env)
    uri = image.ensure_image(home, env)
    terraform.run("apply", *terraform.approval(), *_values(env, uri))
    outputs = terraform.read_outputs()
    say(f"The API answers at {outputs['api_url']}, the dashboard is {outputs['dashboard_url']}")
    say(f'The first token: make run ENV={env} COMMAND="tokens create --project demo --scope admin"')


def run(env: str, command: list[str]) -> None:
    """Run a command of `python -m worker` in the deployed network, and show what it prints."""
    if not command:
        raise DeployError(f'Say what to run: make run ENV={env} COMMAND="tokens list"')
    home = account.find_account(env)
    terraform.init(home, key=f"{env}.tfstate")
    # Migrations alone log in to the database as its owner.
    name = "migration_task" if command[0] == "migrate" else "worker_task"
    outputs = terraform.read_outputs()
    if name not in outputs:
        raise DeployError(f"What is deployed is older than this checkout: make deploy ENV={env}")
    task = migration.WorkerTask(**outputs[name])
    migration.run_task(task, ["python", "-m", "worker", *command])


def destroy(env: str, _: list[str]) -> None:
    """Take the environment away, after asking."""
    home = _prepare(env)
    terraform.run("destroy", *terraform.approval(), *_values(env, image.image_uri(home, env)))


def _prepare(env: str) -> account.Account:
    home = account.find_account(env)
    if not (terraform.FOLDER / f".package/{env}/deployment.zip").exists():
        raise DeployError(f"The API is not packed: make package ENV={env}")
    account.require_state_bucket(home, env)
    terraform.init(home, key=f"{env}.tfstate")
    return home


def _values(env: str, uri: str) -> list[str]:
    python = os.path.relpath(sys.executable, terraform.FOLDER.parent)
    return [
        f"-var-file={env}.tfvars",
        f"-var=env={env}",
        f"-var=image={uri}",
        f"-var=python={python}",
    ]


_VERBS = {
    "bootstrap": bootstrap,
    "plan": plan,
    "deploy": deploy,
    "run": run,
    "destroy": destroy,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
