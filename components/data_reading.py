"""What the Data tab shows for the choices made so far, as new values by the names of its parts."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
import pandas

from components import augment_view, data_mapping, data_rows, draft, health_view, merge_view
from components import data_views as views
from components.data_choice import Choice, Prepared, alter, first_steps, keep, kept_steps, test_by
from components.data_walk import Walk
from components.data_wiring import Values
from components.data_xray import Examiner
from components.health_view import Report
from components.health_watch import Watch
from components.html import count
from studio.datasets.readers import sheets_of
from studio.datasets.shapes import GUESSED_FROM, Guess, guess, roles_of
from studio.datasets.splits import SplitPlan
from studio.datasets.store import Dataset, list_datasets, load_dataset
from studio.datasets.versions import DataSteps, Version, list_versions
from studio.errors import StudioError
from studio.workspace import Workspace

FIRST_ROWS = 8
# What `show` says of whether the rows can be used.
SAID = ("columns_problem", "data", "usable", "unused", "next", "next_note")
WIDTH = 1080  # pixels that the first rows have; more columns than fit are scrolled


class Reading:
    """Turns choices into what the tab shows. It keeps nothing but caches."""

    def __init__(self, workspace: Workspace, examiner: Examiner, watch: Watch, offer: Callable[[Path], None]) -> None:
        """offer: lets the browser fetch a file."""
        self.workspace, self.examiner, self.watch, self.offer = workspace, examiner, watch, offer
        self.head = lru_cache(maxsize=4)(self.read_head)
        self.walk = Walk(examiner, watch)
        self.on_show: dict[str, str] = {}  # by open page the dataset opened last
        self.acts: Counter[str] = Counter()  # by open page what was done there to the dataset, or its columns
        self.shape_on: dict[str, str] = {}  # by open page the shape picked last
        self.worked: dict[str, DataSteps] = {}  # by dataset the steps that were on show last

    def read_head(self, dataset_id: str) -> tuple[pandas.DataFrame, Guess | None]:
        """The first rows of a dataset and what they suggest. The file behind an id never changes."""
        dataset = load_dataset(self.workspace, dataset_id)
        head = dataset.head(GUESSED_FROM)
        return head, guess(head, dataset.name)

    def open(self, choice: Choice, dataset_id: str | None) -> Values:
        """Another dataset: as it was read last time, else by our guess."""
        self.acts[choice.page] += 1
        return self.opened(choice, dataset_id)

    def opened(self, choice: Choice, dataset_id: str | None) -> Values:
        """The whole tab for a dataset."""
        if not dataset_id:
            return self.nothing()
        try:
            dataset = load_dataset(self.workspace, dataset_id)
            head, guessed = self.head(dataset.id)
        except StudioError as error:
            return {**self.nothing(), "drop_problem": views.problem(error)}
        self.on_show[choice.page] = dataset.id
        draft.remember(self.workspace, dataset=dataset.id)
        steps = kept_steps(self.workspace, dataset.id) or first_steps(guessed)
        split = steps.split if steps else SplitPlan()
        sheets = sheets_of(dataset.raw, dataset.name)
        fresh = Choice(dataset.id, model=choice.model, limit=choice.limit, page=choice.page)
        shown = self.show(dataset, steps, fresh, new={}, back=True)
        if self.gone_on(fresh):
            return {}  # another one was opened while the rows of this one were read
        return {
            **self.list_of(dataset.id),
            "drop_problem": "",
            "shares_problem": "",
            "words": "",
            "empty": gr.HTML(visible=False),
            "found": gr.Column(visible=True),
            "found_title": views.found(dataset),
            "facts": views.facts(dataset.facts),
            "sheet": gr.Dropdown(choices=sheets, value=dataset.facts.sheet or None, visible=len(sheets) > 1),
            "first_rows": first_rows(head),
            **{name: getattr(split, name) for name in ("test", "validation", "seed", "stratify", "near_together")},
            **self.other_tests(dataset, steps),
            **self.dropped(dataset),
            **augment_view.values(dataset, steps),
            "hand_problem": "",
            **(data_mapping.values(steps.mapping, guessed, head) if steps else data_mapping.unknown()),
            **shown,
            "only": gr.Dropdown(choices=[("Every row", data_rows.EVERY)], value=data_rows.EVERY),
        }

    def other_tests(self, dataset: Dataset, steps: DataSteps | None) -> Values:
        """The datasets that could be tested with."""
        others = [(one.name, one.id) for one in list_datasets(self.workspace) if one.id != dataset.id]
        chosen = steps.separate_test.dataset if steps and steps.separate_test else ""
        return {"test_from": gr.Dropdown(choices=[("This file", ""), *others], value=chosen, visible=bool(others))}

    def dropped(self, dataset: Dataset) -> Values:
        """The rows that could not be read, to take away."""
        if dataset.dropped is None:
            return {"dropped": gr.DownloadButton(visible=False)}
        self.offer(dataset.dropped)
        label = f"Download {count(dataset.facts.dropped, 'unreadable row')}"
        return {"dropped": gr.DownloadButton(label, value=str(dataset.dropped), visible=True)}

    def gone_on(self, choice: Choice) -> bool:
        """Whether the page shows another dataset by now than the one of this choice."""
        return self.on_show.get(choice.page, choice.dataset) != choice.dataset

    def nothing(self) -> Values:
        return {
            **self.list_of(None),
            "data": "",
            "empty": gr.HTML(visible=True),
            "found": gr.Column(visible=False),
            "next": gr.Button(interactive=False),
            "next_note": "Choose your data first.",
            "waiting": gr.Timer(active=False),
        }

    def list_of(self, chosen: str | None) -> Values:
        """The list of datasets, newest first."""
        datasets = list_datasets(self.workspace)
        choices = [views.dataset_choice(dataset) for dataset in datasets]
        return {
            "merge_list": merge_view.draw(datasets),
            "dataset": gr.Radio(choices=choices, value=chosen, visible=bool(choices)),
            "no_datasets": gr.HTML(visible=not choices),
        }

    def reshape(self, choice: Choice) -> Values:
        """The person says that the file holds something else than we thought."""
        if not choice.dataset or not choice.shape:
            return {}
        self.acts[choice.page] += 1
        self.shape_on[choice.page] = choice.shape
        dataset = load_dataset(self.workspace, choice.dataset)
        head, guessed = self.head(dataset.id)
        mapping = data_mapping.reshaped(choice.shape, head, guessed, choice.system)
        # Rows taken out stay out; texts and fixes belong to how the rows were read before.
        kept = kept_steps(self.workspace, dataset.id) or DataSteps(mapping=mapping)
        augment = None if mapping.kind == "text" else kept.augment
        other = {"mapping": mapping, "edits": [], "fixes": [], "separate_test": None, "augment": augment}
        steps = kept.model_copy(update=other)
        shown = data_mapping.values(mapping, guessed, head)
        made = augment_view.values(dataset, steps)
        values = {**shown, **made, "test_from": "", **self.show(dataset, steps, choice, new=other)}
        return values if self.shape_on[choice.page] == choice.shape else {}  # another one has been picked meanwhile

    def read(self, choice: Choice) -> Values:
        """Other columns or another instruction."""
        if not choice.dataset or not choice.shape:
            return {}
        self.acts[choice.page] += 1
        dataset = load_dataset(self.workspace, choice.dataset)
        _, guessed = self.head(dataset.id)
        mapping = data_mapping.mapping_of(choice.shape, choice.roles, choice.system, choice.group)
        kept = kept_steps(self.workspace, dataset.id) or DataSteps(mapping=mapping)
        sure = {"sure": views.certainty(mapping, guessed)}
        try:
            test = test_by(self.workspace, kept.separate_test and kept.separate_test.dataset, mapping)
        except StudioError as error:  # the test file cannot be read like this
            return {**sure, "columns_problem": views.problem(error)}
        other = {"mapping": mapping, "separate_test": test}
        return {**sure, **self.show(dataset, kept.model_copy(update=other), choice, new=other)}

    def change(self, choice: Choice, problem: str, newer: Callable[[DataSteps], dict[str, Any]]) -> Values:
        """Other steps of the dataset on show; `problem` names the part that says why they cannot be.

        newer: from the steps as they are at that moment, the fields that are to be others.
        """
        steps = kept_steps(self.workspace, choice.dataset)
        if steps is None or choice.dataset is None:
            return {}
        self.acts[choice.page] += 1
        dataset = load_dataset(self.workspace, choice.dataset)
        try:
            self.examiner.version(dataset, steps.model_copy(update=newer(steps)))
        except StudioError as error:
            return {problem: views.problem(error)}
        now = alter(self.workspace, choice.dataset, lambda now: now.model_copy(update=newer(now)))
        return {problem: "", **self.show(dataset, now, choice)}

    def examine(self, choice: Choice) -> Values:
        """Look again: another row, another model, or what was not ready the last time."""
        steps = kept_steps(self.workspace, choice.dataset)
        if not choice.dataset or steps is None:
            return {}
        return self.show(load_dataset(self.workspace, choice.dataset), steps, choice)

    def wait(self, choice: Choice) -> Values:
        """What has been worked out since the last look; nothing more is awaited where the page says a problem."""
        return self.look_again(choice) or {"waiting": gr.Timer(active=False)}

    def look_again(self, choice: Choice) -> Values:
        """`examine` when nobody asked for another row: what may just be typed, or is just said, is left alone."""
        on_page = Prepared.told(choice.data)
        if on_page is None:
            return {}  # what it says must be mended first, and stands until then
        kept = kept_steps(self.workspace, choice.dataset)
        settled = on_page == Prepared(dataset=choice.dataset or "", steps=kept) if kept else False
        left = ("row", "edit_prompt", "edit_reply", *(SAID if settled else ()))
        acts = self.acts[choice.page]
        found = {name: value for name, value in self.examine(choice).items() if name not in left}
        # Whatever a person did meanwhile is answered by itself, and this would come after it.
        return found if acts == self.acts[choice.page] else {"waiting": gr.Timer(active=True)}

    def show(
        self,
        dataset: Dataset,
        steps: DataSteps | None,
        choice: Choice,
        new: dict[str, Any] | None = None,
        back: bool | None = None,
    ) -> Values:
        """What these steps make of the file, or why that cannot be; `new` among them is kept if it can be.

        Only what a person just did is kept: a look that began earlier must not write back what it read then. back:
        steps that cannot be give way to those that worked before; unless told, if nothing is new.
        """
        try:
            version, unused = self.version(dataset, steps)
        except StudioError as error:
            return self.refused(dataset, steps, error, choice, new is None if back is None else back)
        if new is not None and steps:
            # Into the steps as they are now: a switch may have been made while the rows were looked at.
            altered = alter(self.workspace, dataset.id, lambda now: now.model_copy(update=new))
            steps = altered or steps
            if altered is None:
                keep(self.workspace, dataset.id, steps)
        if version is None:
            coming = Prepared(dataset=dataset.id, steps=steps, ready=False) if steps else None
            return {
                "data": coming.model_dump_json() if coming else "",
                "unused": unused,
                "columns_problem": views.PREPARING_ROWS,
                "reading": "",
                "next": gr.Button(interactive=False),
                "next_note": "The rows are being prepared.",
                "waiting": gr.Timer(active=True),
            }
        self.worked[dataset.id] = version.steps
        report = self.report(choice, version)
        return {
            "unused": unused,
            "columns_problem": "",
            "data": Prepared(dataset=dataset.id, steps=version.steps).model_dump_json(),
            "usable": gr.Column(visible=True),
            "split": views.split(version),
            "weights": merge_view.weights(version.steps.weights),
            "made": augment_view.made(version),
            "next": gr.Button(interactive=True),
            "next_note": views.ready(version),
            **self.health(choice, version, report),
            **self.walk.values(choice, version, dataset.facts.rows, report),
        }

    def version(self, dataset: Dataset, steps: DataSteps | None) -> tuple[Version | None, str]:
        """The rows of these steps, None while they are being made, and the columns that are not used."""
        if steps is None:
            raise StudioError(
                f"We could not tell what {dataset.name} holds.", "Say it in the list above, then choose the columns."
            )
        missing = missing_role(steps)
        if missing:
            raise StudioError(f"“{missing}” is not chosen yet.", "Choose its column above.")
        return self.examiner.version(dataset, steps), views.unused(dataset.facts.columns, steps.mapping)

    def refused(
        self, dataset: Dataset, steps: DataSteps | None, error: StudioError, choice: Choice, back: bool
    ) -> Values:
        """Why the rows cannot be used; with `back`, and what worked before in its place, if anything did."""
        worked = self.worked.get(dataset.id) or next((one.steps for one in list_versions(dataset)), None)
        if back and worked and worked != steps:
            keep(self.workspace, dataset.id, worked)
            problem = views.problem(error)  # where the person looks is not known
            return {**self.opened(choice, dataset.id), "columns_problem": problem, "shares_problem": problem}
        return {
            "usable": gr.Column(visible=False),
            "unused": "",
            "data": "",
            "columns_problem": views.problem(error),
            "reading": "",
            "next": gr.Button(interactive=False),
            "next_note": "Mend what is said above first.",
            "waiting": gr.Timer(active=False),
        }

    def report(self, choice: Choice, version: Version) -> Report:
        """What is known of the health of the rows. The first call starts the checks."""
        return self.watch.report(choice.dataset or "", version.steps, choice.model, choice.limit)

    def health(self, choice: Choice, version: Version, report: Report) -> Values:
        """The report, and the findings whose rows can be walked through."""
        fixes = {fix.name: fix for fix in version.steps.fixes}
        previews = self.watch.previews_of(choice.dataset or "", version.steps)
        drawn = {"health": health_view.draw(report, version, fixes, previews)}
        if not report.done:
            return drawn
        # What is walked through stays in the list, or the browser would fall back to every row.
        found = [(f"{finding.title} ({finding.count})", finding.name) for finding in report.findings if finding.rows]
        walked = choice.only or data_rows.EVERY
        if walked not in (data_rows.EVERY, *(name for _, name in found)):
            found.append(("Rows that had a finding", walked))
        return {**drawn, "only": gr.Dropdown(choices=[("Every row", data_rows.EVERY), *found])}

    def step(self, by: int, choice: Choice) -> Values:
        """To the next row (1) or the one before (-1) of those walked through, or to the first of them (0)."""
        if not choice.dataset:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        steps = kept_steps(self.workspace, dataset.id)
        version = self.examiner.version(dataset, steps) if steps else None
        numbers = (
            self.walk.numbers(choice, version, dataset.facts.rows, self.report(choice, version)) if version else None
        )
        if by == 0:
            row = (numbers or [1])[0]
        else:
            row = data_rows.next_of(numbers, choice.at, by, dataset.facts.rows)
        return self.examine(replace(choice, row=row))


def missing_role(steps: DataSteps) -> str:
    """The title of the first role that needs a column and has none."""
    roles = roles_of(steps.mapping.shape)
    return next((role.title for role in roles if role.required and not steps.mapping.columns.get(role.name)), "")


def first_rows(head: pandas.DataFrame) -> Any:
    """The top of the table, long cells shortened, columns as wide as their text asks for."""
    top = head.head(FIRST_ROWS).map(views.cell)
    widest = max(WIDTH // max(len(top.columns), 1), 180)
    widths = [
        f"{min(max(96, 24 + 8 * max(len(str(column)), int(top[column].str.len().mean()))), widest)}px"
        for column in top.columns
    ]
    return gr.Dataframe(value=top, column_widths=widths)
