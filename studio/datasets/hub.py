"""What a dataset on the Hugging Face hub offers: its configurations and their splits, before anything is brought."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from studio.datasets.hub_labels import named_values
from studio.datasets.table_file import scratch_prefix
from studio.errors import StudioError
from studio.hub_errors import Words, speaking_of_hub

# Files with rows; programs and pickles, which can run code, are never fetched.
ENDINGS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".arrow")
MAX_FILES = 20_000
ADDRESS = re.compile(r"(?:https?://[^/]+/|hf://|[\w.-]+\.\w+/)?datasets/(?P<name>.+)")
VIEWS = {"viewer", "tree", "blob", "resolve", "discussions", "raw"}  # of a page, behind the dataset's name
NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
OF_DATASET = Words("dataset", "conditions", "bring a file from this computer")
PATIENCE = 15.0  # seconds until the hub counts as not reachable


@dataclass(frozen=True)
class HubSplit:
    """One part of a configuration. rows: None where the dataset's page does not tell. bytes: of its files, in all."""

    name: str
    rows: int | None
    bytes: int
    files: list[tuple[str, int]]


@dataclass(frozen=True)
class Configuration:
    """One of the tables that a dataset consists of, such as a language.

    named: columns in which numbers stand for names, with the names.
    """

    name: str
    splits: list[HubSplit]
    named: dict[str, list[str]]


Part = TypeVar("Part", HubSplit, Configuration)


@dataclass(frozen=True)
class HubDataset:
    """What there is. `revision` is the commit that all of this was read from; licence: "" where none is named."""

    name: str
    revision: str
    licence: str
    configurations: list[Configuration]
    default: str

    def choose(self, configuration: str = "", split: str = "") -> tuple[Configuration, HubSplit, str]:
        """A configuration and a split by name, "" for the usual one, and what was chosen out of what, as a sentence.

        Raises StudioError naming what there is.
        """
        chosen = pick(self.configurations, configuration or self.default, "configuration", self.name)
        parts = {part.name: part for part in chosen.splits}
        part = pick(chosen.splits, split or ("train" if "train" in parts else next(iter(parts))), "split", self.name)
        said = []
        if len(self.configurations) > 1 and not configuration:
            there = [each.name for each in self.configurations]
            said.append(f"Of its {len(there):,} configurations ({few(there)}) this is “{chosen.name}”.")
        if len(parts) > 1 and not split:
            said.append(f"Of {len(parts):,} splits ({few(list(parts))}) this is “{part.name}”.")
        return chosen, part, " ".join(said)


def look(scratch: Path, name: str, revision: str = "") -> HubDataset:
    """Ask the hub what a dataset offers. name: “owner/name” or the address of its page. One request, no files.

    scratch: where files may be for a moment. revision: a commit or branch; "" for the newest. Raises StudioError: no
    network, no such dataset, nothing that can be read here. Takes about 4 seconds the first time, because it loads the
    datasets library: not for the server.
    """
    from huggingface_hub import HfApi

    name = hub_name(name)
    with speaking_of_hub(name, OF_DATASET):
        info = HfApi().dataset_info(name, revision=revision or None, files_metadata=True, timeout=PATIENCE)
    card = info.card_data.to_dict() if info.card_data else {}
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    to_read = {path: size for path, size in sizes.items() if readable(path)}
    configurations, default = described(name, card, to_read, scratch)
    if not configurations:
        raise nothing_readable(name, list(sizes))
    licence = card.get("license") or ""
    return HubDataset(
        info.id, info.sha or "", licence if isinstance(licence, str) else ", ".join(licence), configurations, default
    )


def hub_name(text: str) -> str:
    """“owner/name” from what was typed or pasted. Raises StudioError when it is none."""
    name = text.strip().strip("/").partition("?")[0].partition("#")[0]
    address = ADDRESS.fullmatch(name)
    if address:
        parts = address["name"].split("/")
        name = "/".join(part for part in parts[:2] if part not in VIEWS)
    if not NAME.fullmatch(name) or ".." in name:
        raise StudioError(
            f"“{text.strip()[:100]}” is not the name of a dataset on the Hugging Face hub.",
            "Write it as owner/name, or paste the address of its page.",
        )
    return name


def readable(path: str) -> bool:
    """Whether a file of the hub may hold rows, packed with gzip or not, and its path stays inside its folder."""
    pure = PurePosixPath(path)
    inside = not pure.is_absolute() and ".." not in pure.parts and "\\" not in path and "\0" not in path
    return inside and path.lower().removesuffix(".gz").endswith(ENDINGS)


def described(name: str, card: dict[str, Any], sizes: dict[str, int], scratch: Path) -> tuple[list[Configuration], str]:
    """The configurations that the card and the file names tell, and the usual one.

    The datasets library knows the rules. It is shown a folder of empty files with the same names, so that it needs
    no network, and nothing of the dataset is opened. The folder is below `scratch` for as long as that takes.
    """
    from datasets.load import dataset_module_factory

    if len(sizes) > MAX_FILES:
        raise StudioError(
            f"{name} has {len(sizes):,} files, and at most {MAX_FILES:,} can be looked through.", "Choose another one."
        )
    told = {key: card[key] for key in ("configs", "dataset_info") if card.get(key)}
    check_inside(name, told.get("configs"))
    if not sizes:
        return [], ""
    # The library takes a bracket in the path of the folder itself for a pattern, and finds nothing.
    place = None if "[" in str(scratch) else scratch
    with TemporaryDirectory(dir=place, prefix=scratch_prefix(os.getpid())) as folder:
        root = Path(folder).resolve()
        for path in sizes:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
        # YAML takes JSON.
        (root / "README.md").write_text(f"---\n{json.dumps(told)}\n---\n" if told else "", encoding="utf-8")
        try:
            module = dataset_module_factory(str(root))
            infos = module.dataset_infos or {}
            known = module.builder_configs_parameters
            found = [configuration(config, infos, root, sizes) for config in known.builder_configs or []]
        except Exception as error:  # the card is a stranger's, and each mistake in it raises something else
            reason = (str(error).splitlines() or [""])[0].replace(f"{root}/", "").replace(str(root), name)[:200]
            raise StudioError(
                f"It cannot be told what the files of {name} are: {reason.rstrip('.')}.",
                "Download the file you want from its page, and bring it as a file.",
            ) from error
    found = [each for each in found if each.splits]
    usable = [each.name for each in found]
    usual = next((each for each in (known.default_config_name, "default") if each in usable), "")
    return found, usual or next(iter(usable), "")


def configuration(config: Any, infos: dict[str, Any], root: Path, sizes: dict[str, int]) -> Configuration:
    """config: a BuilderConfig; infos: a DatasetInfo for each configuration that the card describes."""
    files = config.data_files or {}
    if hasattr(files, "resolve"):  # still patterns
        try:
            files = files.resolve(str(root / (config.data_dir or "")))
        except FileNotFoundError:
            files = {}  # they are of a kind that is not read here
    info = infos.get(config.name) or (next(iter(infos.values())) if len(infos) == 1 else None)
    known = (info and info.splits) or {}
    splits = []
    for split, paths in files.items():
        inside = [Path(path).relative_to(root).as_posix() for path in paths if Path(path).is_relative_to(root)]
        listed = [(file, sizes[file]) for file in inside if file in sizes]
        rows = known[split].num_examples if split in known else None
        if listed:
            splits.append(HubSplit(str(split), rows or None, sum(size for _, size in listed), listed))
    return Configuration(config.name, splits, named_values(info and info.features))


def check_inside(name: str, configs: Any) -> None:
    """Raise StudioError when a card names files elsewhere: on this computer, or behind another address."""
    patterns = [text for text in texts_in(configs) if "://" in text or "::" in text or text.startswith(("/", "~"))]
    patterns += [text for text in texts_in(configs) if ".." in PurePosixPath(text).parts or "\\" in text]
    if patterns:
        raise StudioError(
            f"{name} says that its rows are in “{patterns[0][:100]}”, which is not inside it, so it was not opened.",
            "Choose another dataset.",
        )


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def pick(parts: list[Part], name: str, what: str, dataset: str) -> Part:
    for part in parts:
        if part.name == name:
            return part
    raise StudioError(
        f"{dataset} has no {what} called “{name}”.", f"Choose one of these: {few([part.name for part in parts])}."
    )


def few(names: list[str]) -> str:
    """Names in a sentence, of very many the first."""
    return ", ".join(names[:12]) + (f" and {len(names) - 12:,} more" if len(names) > 12 else "")


def nothing_readable(name: str, files: list[str]) -> StudioError:
    if any(file.endswith(".py") for file in files):
        return StudioError(
            f"{name} is made by a program of its own, and the studio does not run other people's programs.",
            "Look on the hub for a copy of it as Parquet files.",
        )
    return StudioError(
        f"{name} has no files with rows that can be read here.", f"Files that can be: {', '.join(ENDINGS)}."
    )
