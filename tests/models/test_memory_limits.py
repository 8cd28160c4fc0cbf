"""The memory that this program may have is less than the computer's in a container, and under a process's limit."""

import subprocess
import sys
from pathlib import Path

import pytest

from studio.models.hardware import look
from studio.models.memory_limits import limits
from tests.conftest import ROOT

MIB = 1024**2


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(f"{text}\n")


def test_a_container_has_its_share_less_what_it_cannot_give_back(tmp_path: Path) -> None:
    write(tmp_path, own="0::/box/studio")
    write(tmp_path / "groups" / "box", memory__max=400 * MIB, memory__current=300 * MIB, memory__stat="anon 1")
    stat = f"anon 5\ninactive_file {20 * MIB}"
    write(tmp_path / "groups" / "box" / "studio", memory__max="max", memory__current=100 * MIB, memory__stat=stat)
    assert limits(tmp_path / "groups", tmp_path / "own")[:1] == [(400 * MIB, 100 * MIB)]
    write(tmp_path / "groups" / "box" / "studio", memory__max=200 * MIB)
    assert limits(tmp_path / "groups", tmp_path / "own")[:1] == [(200 * MIB, 120 * MIB)]


def test_the_first_version_of_control_groups_and_a_path_of_the_host(tmp_path: Path) -> None:
    write(tmp_path, own="9:name=systemd:/\n4:cpu,memory:/docker/0123\n0::/")
    place = tmp_path / "groups" / "memory"
    write(place, memory__limit_in_bytes=300 * MIB, memory__usage_in_bytes=250 * MIB)
    assert limits(tmp_path / "groups", tmp_path / "own")[:1] == [(300 * MIB, 50 * MIB)]
    write(place, memory__limit_in_bytes=2**63 - 4096)
    assert not [one for one in limits(tmp_path / "groups", tmp_path / "own") if one[0] == 2**63 - 4096]


def test_nothing_is_limited_where_nothing_says_so(tmp_path: Path) -> None:
    before = limits(tmp_path, tmp_path / "missing")
    write(tmp_path, own="0::/")
    assert limits(tmp_path, tmp_path / "own") == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_on_each_process_counts() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (2**31, 2**31));"
        "from studio.models.hardware import look; print(look().memory_gb, look().free_gb)"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    whole, free = map(float, told.split())
    assert whole == min(2.0, look().memory_gb) and free <= 1.0  # the other half is set aside
