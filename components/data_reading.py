"""What the Data tab shows for the choices made so far, as new values by the names of its parts."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import gradio as gr
import pandas
from pydantic import ValidationError

from components import data_incoming, data_mapping, data_rows, draft, health_view, row_view, xray_view
from components import data_views as views
from components.data_incoming import Incoming
from components.data_xray import Examiner
from components.health_view import Report
from components.health_watch import Watch
from studio.datasets.hand import Edit
from studio.datasets.readers import sheets_of
from studio.datasets.rows import conversations
from studio.datasets.shapes import Guess, guess, roles_of
from studio.datasets.splits import SplitPlan
from studio.datasets.store import Dataset, add_file, list_datasets, load_dataset
from studio.datasets.versions import DataSteps, Version
from studio.errors import StudioError
from studio.workspace import Workspace

FIRST_ROWS = 8
GUESSED_FROM = 500
CELL = 160  # characters of a cell shown in the first rows; the X-ray shows all of them
Values = dict[str, Any]


@dataclass(frozen=True)
class Choice:
    """What is chosen on the tab, in the order of its parts; `row` is a 1-based row of the file.

    only, words: the finding and the words whose rows the person walks through.
    """

    dataset: str | None
    shape: str | None
    roles: tuple[str | None, ...]
    system: str
    group: str | None
    test: float | None
    validation: float | None
    row: float | None = 1
    only: str | None = None
    words: str = ""
    sheet: str | None = None

    @classmethod
    def of(cls, dataset: str | None, shape: str | None, *rest: Any) -> "Choice":
        roles, others = rest[: data_mapping.ROLES], rest[data_mapping.ROLES :]
        return cls(dataset, shape, tuple(roles), *others)


class Reading:
    """Turns choices into what the tab shows. It keeps nothing but caches."""

    def __init__(self, workspace: Workspace, examiner: Examiner, watch: Watch) -> None:
        self.workspace, self.examiner, self.watch = workspace, examiner, watch
        self.incoming = Incoming(workspace)
        self.last_report: Report | None = None
        self.head = lru_cache(maxsize=4)(self.read_head)

    def read_head(self, dataset_id: str) -> tuple[pandas.DataFrame, Guess | None]:
        """The first rows of a dataset and what they suggest. The file behind an id never changes."""
        dataset = load_dataset(self.workspace, dataset_id)
        head = dataset.head(GUESSED_FROM)
        return head, guess(head, dataset.name)

    def bring(self, path: str, model: str, limit: int) -> Values:
        """A file was dropped: take it in and show it, or say why not and leave everything as it was."""
        try:
            if self.incoming.takes(path):
                self.incoming.start(path)
                return {"drop": None, "drop_problem": "", **data_incoming.values(self.incoming.look()[1])}
            dataset = add_file(self.workspace, path)
        except StudioError as error:
            return {"drop": None, "drop_problem": views.problem(error)}
        return {"drop": None, **self.choose(dataset.id, model, limit)}

    def paste(self, text: str, model: str, limit: int) -> Values:
        """Rows were pasted: take them in like a file."""
        try:
            path = data_incoming.paste(self.workspace, text or "")
        except StudioError as error:
            return {"drop_problem": views.problem(error)}
        return {"pasted": "", **self.bring(path, model, limit)}

    def open_sheet(self, choice: Choice, model: str, limit: int) -> Values:
        """Another sheet of the workbook: a dataset of its own, from the same file."""
        dataset = load_dataset(self.workspace, choice.dataset or "")
        self.incoming.start(str(dataset.raw), dataset.name, choice.sheet)
        return data_incoming.values(self.incoming.look()[1])

    def sheets(self, dataset: Dataset) -> Any:
        """The drop-down of sheets, for a workbook that has several."""
        sheets = sheets_of(dataset.raw, dataset.name)
        return gr.Dropdown(choices=sheets, value=dataset.facts.sheet or None, visible=len(sheets) > 1)

    def wait(self, choice: Choice, model: str, limit: int) -> Values:
        """What has come since the last look: of the file that is being read, or of the checks."""
        if not self.incoming.expected:
            return self.look_again(choice, model, limit)
        try:
            dataset, shown = self.incoming.look()
        except StudioError as error:
            return {"drop_problem": views.problem(error), **data_incoming.values("")}
        if dataset is None:
            return data_incoming.values(shown)
        return {**data_incoming.values(""), **self.choose(dataset, model, limit)}

    def cancel(self, **_: Any) -> Values:
        """Read the file no further; nothing of it is kept."""
        self.incoming.cancel()
        return data_incoming.values("")

    def choose(self, dataset_id: str | None, model: str, limit: int) -> Values:
        """Another dataset: as it was read last time, else by our guess."""
        if not dataset_id:
            return self.nothing()
        try:
            dataset = load_dataset(self.workspace, dataset_id)
            head, guessed = self.head(dataset.id)
        except StudioError as error:
            return {**self.nothing(), "drop_problem": views.problem(error)}
        steps = kept_steps(self.workspace, dataset.id) or first_steps(guessed)
        split = steps.split if steps else SplitPlan()
        return {
            **self.list_of(dataset.id),
            "drop_problem": "",
            "empty": gr.HTML(visible=False),
            "found": gr.Column(visible=True),
            "found_title": views.found(dataset),
            "facts": views.facts(dataset.facts),
            "sheet": self.sheets(dataset),
            "first_rows": first_rows(head),
            "test": split.test,
            "validation": split.validation,
            **(data_mapping.values(steps.mapping, guessed, head) if steps else {"shape": None}),
            **self.show(dataset, steps, None, model, limit),
        }

    def nothing(self) -> Values:
        return {
            **self.list_of(None),
            "steps": "",
            "empty": gr.HTML(visible=True),
            "found": gr.Column(visible=False),
            "next": gr.Button(interactive=False),
            "next_note": "Choose your data first.",
        }

    def list_of(self, chosen: str | None) -> Values:
        """The list of datasets, newest first."""
        choices = [views.dataset_choice(dataset) for dataset in list_datasets(self.workspace)]
        return {
            "dataset": gr.Radio(choices=choices, value=chosen, visible=bool(choices)),
            "no_datasets": gr.HTML(visible=not choices),
        }

    def reshape(self, choice: Choice, model: str, limit: int) -> Values:
        """The person says that the file holds something else than we thought."""
        if not choice.dataset or not choice.shape:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        head, guessed = self.head(dataset.id)
        mapping = data_mapping.reshaped(choice.shape, head, guessed, choice.system)
        # Rows taken out stay out; texts and fixes belong to how the rows were read before.
        kept = kept_steps(self.workspace, dataset.id) or DataSteps(mapping=mapping)
        steps = DataSteps(mapping=mapping, split=plan_of(choice, kept), left_out=kept.left_out)
        return {
            **data_mapping.values(mapping, guessed, head),
            **self.show(dataset, steps, choice, model, limit),
        }

    def read(self, choice: Choice, model: str, limit: int) -> Values:
        """Other columns, another instruction or other shares."""
        if not choice.dataset or not choice.shape:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        _, guessed = self.head(dataset.id)
        mapping = data_mapping.mapping_of(choice.shape, choice.roles, choice.system, choice.group)
        kept = kept_steps(self.workspace, dataset.id) or DataSteps(mapping=mapping)
        steps = kept.model_copy(update={"mapping": mapping, "split": plan_of(choice, kept)})
        return {
            "sure": views.certainty(mapping, guessed),
            **self.show(dataset, steps, choice, model, limit),
        }

    def show(self, dataset: Dataset, steps: DataSteps | None, choice: Choice | None, model: str, limit: int) -> Values:
        """What these steps make of the file, or why that cannot be. A dataset just chosen has no choices yet."""
        unused = views.unused(dataset.facts.columns, steps.mapping) if steps else ""
        try:
            if steps is None:
                raise StudioError(
                    f"We could not tell what {dataset.name} holds.",
                    "Say it in the list above, then choose the columns.",
                )
            missing = missing_role(steps)
            if missing:
                raise StudioError(f"“{missing}” is not chosen yet.", "Choose its column above.")
            version = self.examiner.version(dataset, steps)
        except StudioError as error:
            # The switches and fields that can mend it stay, once there were any.
            usable = {} if choice and steps and steps.fixes else {"usable": gr.Column(visible=False)}
            return {
                **usable,
                "steps": "",
                "unused": unused,
                "columns_problem": views.problem(error),
                "reading": "",
                "next": gr.Button(interactive=False),
                "next_note": "Mend what is said above first.",
                "waiting": gr.Timer(active=False),
            }
        self.keep(dataset.id, steps)
        if version is None:
            return {
                "steps": "",
                "unused": unused,
                "columns_problem": views.PREPARING_ROWS,
                "usable": gr.Column(visible=False),
                "reading": "",
                "next": gr.Button(interactive=False),
                "waiting": gr.Timer(active=True),
            }
        return {
            "unused": unused,
            "columns_problem": "",
            "steps": steps.model_dump_json(),
            "usable": gr.Column(visible=True),
            "split": views.split(version),
            "next": gr.Button(interactive=True),
            "next_note": views.ready(version),
            **self.report(dataset, version, choice, model, limit),
            **self.examine_version(dataset, version, choice, model, limit),
        }

    def report(self, dataset: Dataset, version: Version, choice: Choice | None, model: str, limit: int) -> Values:
        """The health of the rows, as far as it is known."""
        report = self.last_report = self.watch.report(dataset.id, version.steps, model, limit)
        on = {fix.name for fix in version.steps.fixes}
        drawn = {"health": health_view.draw(report, version, on, self.watch.previews_of(dataset.id, version.steps))}
        if not report.done:
            return drawn
        # What is walked through stays in the list, or the browser would fall back to every row.
        found = [(f"{finding.title} ({finding.count})", finding.name) for finding in report.findings if finding.rows]
        walked = choice.only if choice and choice.only else data_rows.EVERY
        if walked not in (data_rows.EVERY, *(name for _, name in found)):
            found.append(("Rows that had a finding", walked))
        return {**drawn, "only": gr.Dropdown(choices=[("Every row", data_rows.EVERY), *found])}

    def keep(self, dataset_id: str, steps: DataSteps) -> None:
        known = draft.load(self.workspace).get("steps", {})
        draft.remember(self.workspace, dataset=dataset_id, steps={**known, dataset_id: steps.model_dump(mode="json")})

    def examine(self, choice: Choice, model: str, limit: int) -> Values:
        """Look again: another row, another model, or what was not ready the last time."""
        if not choice.dataset:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        return self.show(dataset, kept_steps(self.workspace, dataset.id), choice, model, limit)

    def look_again(self, choice: Choice, model: str, limit: int) -> Values:
        """`examine` when nobody asked for another row: what may just be typed is left alone."""
        typed = ("row", "edit_prompt", "edit_reply")
        return {name: value for name, value in self.examine(choice, model, limit).items() if name not in typed}

    def step(self, by: int, choice: Choice, model: str, limit: int) -> Values:
        """To the next row (1) or the one before (-1) of those walked through, or to the first of them (0)."""
        if not choice.dataset:
            return {}
        dataset = load_dataset(self.workspace, choice.dataset)
        steps = kept_steps(self.workspace, dataset.id)
        version = self.examiner.version(dataset, steps) if steps else None
        numbers = self.walked(choice, version) if version else None
        if by == 0:
            row = (numbers or [1])[0]
        else:
            row = data_rows.next_of(numbers, int(choice.row or 1), by, dataset.facts.rows)
        return self.examine(replace(choice, row=row), model, limit)

    def walked(self, choice: Choice | None, version: Version) -> list[int] | None:
        """The rows of the file that the person walks through; None for all."""
        if choice is None:
            return None
        numbers = None
        report = self.last_report
        if choice.only and choice.only != data_rows.EVERY and report:
            numbers = next((finding.rows for finding in report.findings if finding.name == choice.only), [])
        words = (choice.words or "").strip()
        if words:
            found = data_rows.with_words(version.parquet, version.kind, words)
            numbers = list(found) if numbers is None else sorted(set(numbers) & set(found))
        return numbers

    def change(self, choice: Choice, model: str, limit: int, **fields: Any) -> Values:
        """Other steps by hand for the row on show."""
        steps = kept_steps(self.workspace, choice.dataset or "")
        if steps is None or choice.dataset is None:
            return {}
        changed = steps.model_copy(update=fields)
        try:
            self.examiner.version(load_dataset(self.workspace, choice.dataset), changed)
        except StudioError as error:
            return {"hand_problem": views.problem(error)}
        self.keep(choice.dataset, changed)
        return {"hand_problem": "", **self.examine(choice, model, limit)}

    def leave_out(self, choice: Choice, model: str, limit: int) -> Values:
        """Take the row on show out, or put it back."""
        steps, row = kept_steps(self.workspace, choice.dataset or ""), int(choice.row or 1)
        gone = set(steps.left_out) if steps else set()
        return self.change(choice, model, limit, left_out=sorted(gone ^ {row}))

    def edit(self, prompt: str, reply: str, choice: Choice, model: str, limit: int) -> Values:
        """Use other words for the row on show."""
        steps, row = kept_steps(self.workspace, choice.dataset or ""), int(choice.row or 1)
        version = self.examiner.version(load_dataset(self.workspace, choice.dataset or ""), steps) if steps else None
        rows = version.row(row) if version else pandas.DataFrame()
        if steps is None or version is None or rows.empty:
            error = StudioError(f"Row {row:,} is left out, so its words cannot be changed here.", "Put it back first.")
            return {"hand_problem": views.problem(error)}
        # Only what was really changed, or the fixes of the other text would be frozen into the row.
        shown = data_rows.words_of(rows, version.kind)
        new = [
            words.strip() if words.strip() != was.strip() else None
            for words, was in zip((prompt, reply), shown, strict=True)
        ]
        if new == [None, None]:
            return {}
        if "" in new:
            error = StudioError("An empty text cannot be learned from.", "Write something, or leave the row out.")
            return {"hand_problem": views.problem(error)}
        before = next((edit for edit in steps.edits if edit.row == row), Edit(row=row))
        changes = {name: words for name, words in zip(("prompt", "reply"), new, strict=True) if words is not None}
        others = [edit for edit in steps.edits if edit.row != row]
        return self.change(choice, model, limit, edits=[*others, before.model_copy(update=changes)])

    def undo_edit(self, choice: Choice, model: str, limit: int) -> Values:
        """The row on show as it stands in the file."""
        steps, row = kept_steps(self.workspace, choice.dataset or ""), int(choice.row or 1)
        others = [edit for edit in steps.edits if edit.row != row] if steps else []
        return self.change(choice, model, limit, edits=others)

    def examine_version(
        self, dataset: Dataset, version: Version, choice: Choice | None, model: str, limit: int
    ) -> Values:
        """One row in plain words, and as tokens."""
        number = min(max(int(choice.row or 1) if choice else 1, 1), dataset.facts.rows)
        rows = version.row(number)
        busy = self.watch.busy or (self.last_report is not None and not self.last_report.done)
        prompt, reply = data_rows.words_of(rows, version.kind)
        shown: Values = {
            "row": number,
            "row_of": data_rows.place(dataset.facts.rows, self.walked(choice, version)),
            "leave_out": "Put this row back" if number in version.steps.left_out else "Leave this row out",
            "edit_prompt": gr.Textbox(value=prompt, visible=version.kind != "text"),
            "edit_reply": reply,
            "reading": row_view.draw(number, rows, version.kind),
            "waiting": gr.Timer(active=busy),
        }
        if rows.empty:
            return {**shown, "xray": row_view.not_there(number), "this_row": ""}
        if version.kind == "text":
            return {**shown, "xray": row_view.PLAIN_TEXT, "this_row": "", "all_rows": ""}
        try:
            messages, tools = next(conversations(rows, version.kind))
            view = self.examiner.show(model, messages, limit, tools)
            lengths = view and self.examiner.lengths(model, version, limit)
        except StudioError as error:
            return {**shown, "xray": views.problem(error), "this_row": "", "all_rows": ""}
        return {
            **shown,
            "xray": xray_view.example(view) if view else xray_view.PREPARING,
            "this_row": xray_view.this_row(view) if view else xray_view.SOON,
            "all_rows": xray_view.all_rows(lengths, limit) if lengths else xray_view.COUNTING,
            "waiting": gr.Timer(active=busy or not lengths),
        }


def first_steps(guessed: Guess | None) -> DataSteps | None:
    return DataSteps(mapping=guessed.mapping) if guessed else None


def kept_steps(workspace: Workspace, dataset_id: str) -> DataSteps | None:
    """What was done to this dataset the last time; None if nothing, or if an older studio wrote it."""
    known = draft.load(workspace).get("steps", {}).get(dataset_id)
    try:
        return DataSteps.model_validate(known) if known else None
    except ValidationError:
        return None


def plan_of(choice: Choice, kept: DataSteps) -> SplitPlan:
    """The shares on the page; what the page does not show stays as it was."""
    return kept.split.model_copy(update={"test": choice.test, "validation": choice.validation})


def missing_role(steps: DataSteps) -> str:
    """The title of the first role that needs a column and has none."""
    roles = roles_of(steps.mapping.shape)
    return next((role.title for role in roles if role.required and not steps.mapping.columns.get(role.name)), "")


def first_rows(head: pandas.DataFrame) -> Any:
    """The top of the table, long cells shortened, columns as wide as their text asks for."""
    top = head.head(FIRST_ROWS).map(lambda cell: cell if len(cell) <= CELL else cell[:CELL].rstrip() + "…")
    widths = [
        f"{min(max(96, 24 + 8 * max(len(str(column)), int(top[column].str.len().mean()))), 460)}px"
        for column in top.columns
    ]
    return gr.Dataframe(value=top, column_widths=widths)
