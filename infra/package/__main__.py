"""`python -m infra.package ENV [FOLDER]`: packs the API for one environment.

Writes into FOLDER (infra/.package/ENV if not given) what api.tf and gateway.tf read:
deployment.zip, functions.json and gateway.json. Run by Python 3.13, which Lambda runs too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from infra.package.archive import pack
from infra.package.chalice_output import PackageError, run_chalice
from infra.package.gateway import make_document
from infra.package.writing import write_json

ROOT = Path(__file__).parents[2]
#: The runtime of the functions, and therefore the Python that compiles their bytecode.
PYTHON = (3, 13)
#: What Lambda takes without a detour over S3, in bytes.
MAX_ZIP_BYTES = 50_000_000


def main(arguments: list[str]) -> int:
    """Pack; an error is one line on stderr and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("env", help="a stage of .chalice/config.json")
    parser.add_argument("folder", nargs="?", type=Path)
    parsed = parser.parse_args(arguments)
    folder = parsed.folder or ROOT / "infra/.package" / parsed.env
    try:
        size = package(parsed.env, folder)
    except PackageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Packed the API for {parsed.env}: {size / 1e6:.1f} MB in {folder}\n")
    return 0


def package(env: str, folder: Path) -> int:
    """Write the three files into `folder`; returns the bytes of the zip.

    Raises:
        PackageError: says what is missing, and what to do.
    """
    if sys.version_info[:2] != PYTHON:
        wanted = ".".join(map(str, PYTHON))
        raise PackageError(f"Run this with Python {wanted}, which the functions run on.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bellpull-package-") as scratch:
        made = run_chalice(ROOT, env, Path(scratch))
        target = folder / "deployment.zip"
        pack(made.archive, target)
    if (size := target.stat().st_size) > MAX_ZIP_BYTES:
        raise PackageError(
            f"{target} has {size} bytes and Lambda takes {MAX_ZIP_BYTES}: see what grew with"
            f" `unzip -v {target}`."
        )
    write_json(folder / "functions.json", made.facts)
    write_json(folder / "gateway.json", make_document(made.swagger))
    return size


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
