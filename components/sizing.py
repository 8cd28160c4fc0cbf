"""What models and settings need of this computer's memory: asked of the estimator in the background, one at a time."""

import logging
import threading
import time
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from components import draft
from studio.datasets.xray import Lengths
from studio.errors import StudioError
from studio.methods import Method
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.spreading import devices_of, in_pieces
from studio.models.blueprint import architecture_of
from studio.models.catalogue import Model, list_models
from studio.models.fit import MARGIN, Fit, free_memory, judge
from studio.models.hardware import GIB, Hardware, look, training_dtype
from studio.models.memory import Estimator, Parts, Question
from studio.models.speed import correction
from studio.training.make_fit import Cut, Plan, make_fit
from studio.training.readiness import held_gb
from studio.workspace import Workspace

LOOK_EVERY = 5.0  # seconds between two looks at the free memory
REST = 30.0  # seconds after the last question, after which the helper is ended: it holds torch in memory


class Sizes:
    """Answers what is known at once, None for what is not, and has that worked out.

    `answered` counts the answers, so that whoever draws them knows when there is something new.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.estimator = Estimator(workspace)
        self.wanted: dict[str, Question] = {}
        self.answered = 0
        self.busy = False
        self.broken = False  # whether the last questions got no answer
        self.plans: dict[str, Plan | None] = {}
        self.news = threading.Condition()
        self.looked: tuple[float, Hardware] | None = None
        threading.Thread(target=self.work, daemon=True).start()

    def fit(
        self,
        tab: str,
        model: Model,
        method: Method,
        settings: AdaptSettings,
        tokens: int = 0,
        measured_gb: float | None = None,
    ) -> Fit | None:
        """Whether a run fits the free memory; None while it is being worked out, or where it cannot be told.

        tab: that shows it; while another is in view, nothing new is worked out. tokens: of the longest example, 0
        where that is not known and the limit counts. measured_gb: what a test of just this run has found.
        """
        parts = self.parts(tab, model, method, settings, tokens)
        if parts is None:
            return None
        factor = correction(self.workspace, model.name, settings.adapt, settings.weights).factor
        if measured_gb:
            factor = measured_gb / parts.total
        return judge(parts.scaled(factor), self.hardware())

    def parts(self, tab: str, model: Model, method: Method, settings: AdaptSettings, tokens: int) -> Parts | None:
        try:
            question = self.question(model, method, settings, tokens)
            known = self.estimator.known(question)
        except StudioError:
            return None
        if known is not None and in_pieces(settings):
            known = known.divided(devices_of(settings))
        if known is None and (weights := self.weights(model, settings)) > free_memory(self.hardware()):
            return Parts(weights, 0, 0, 0, 0, 0, 0, "loading")  # the rest would not change the verdict
        if known is None and tab == self.tab:
            with self.news:
                self.wanted[question.key] = question
                self.news.notify()
        return known

    @staticmethod
    def can_tell(model: Model) -> bool:
        """Whether it is known how the model is built; if not, its download will tell."""
        try:
            architecture_of(model)
        except StudioError:
            return False
        return True

    def weights(self, model: Model, settings: AdaptSettings) -> float:
        """GiB of the model's weights alone; 0 where its size is not known."""
        plain = 4.0 if training_dtype(self.hardware().device) == "float32" else 2.0
        devices = devices_of(settings) if in_pieces(settings) else 1
        return model.parameters * {"4bit": 0.5, "8bit": 1.0}.get(settings.weights, plain) / GIB / devices

    def question(self, model: Model, method: Method, settings: AdaptSettings, tokens: int = 0) -> Question:
        """Raises StudioError when it is not known how the model is built."""
        length = min(tokens or settings.max_length, settings.max_length)
        device = self.hardware().device
        return Question(
            architecture_of(model), method.name, settings.model_dump(), length, training_dtype(device), device
        )

    def needs(self, model: Model, method: Method, settings: AdaptSettings, tokens: int = 0) -> Parts:
        """What a run needs, waiting for the answer. Raises StudioError when it cannot be told."""
        parts = self.estimator.ask(self.question(model, method, settings, tokens))
        return parts.scaled(correction(self.workspace, model.name, settings.adapt, settings.weights).factor)

    def plan(self, model: Model, method: Method, settings: AdaptSettings, lengths: Lengths | None) -> Plan | None:
        """What would make it fit; None while that is being worked out, or where it cannot be told."""
        tokens = lengths.longest if lengths else 0
        try:
            key = self.question(model, method, settings, tokens).key
        except StudioError:
            return None
        if key not in self.plans:
            self.plans[key] = None
            asked = (key, model, method, settings, tokens, lengths)
            threading.Thread(target=self.find_plan, args=asked, daemon=True).start()
        return self.plans[key]

    def find_plan(
        self, key: str, model: Model, method: Method, settings: AdaptSettings, tokens: int, lengths: Lengths | None
    ) -> None:
        listed = [one for one in list_models(self.workspace) if one.family == model.family and not one.gated]
        smaller = sorted((one for one in listed if one.parameters < model.parameters), key=lambda one: -one.parameters)
        known = {one.name: one for one in smaller} | {model.name: model}
        free = free_memory(self.hardware()) / (1 + MARGIN)
        try:
            self.plans[key] = make_fit(
                settings,
                free,
                lambda changed, name: self.needs(known[name], method, changed, tokens),
                model.name,
                [(one.name, one.title) for one in smaller],
                cut_by(lengths) if lengths else None,
            )
        except StudioError:
            self.plans.pop(key, None)
        self.answered += 1

    @property
    def tab(self) -> str:
        """The tab that was opened last."""
        return str(draft.load(self.workspace).get("tab", ""))

    @property
    def news_number(self) -> str:
        """Another one whenever there is something new to draw or to ask; while much is asked, only now and then."""
        return f"{self.tab} {self.answered // 8 * 8 if self.busy else self.answered}"

    def hardware(self) -> Hardware:
        if self.looked is None or time.monotonic() - self.looked[0] > LOOK_EVERY:
            now = look()
            # A worker that waits for the run has a part of the memory that the run will have.
            self.looked = (time.monotonic(), replace(now, free_gb=now.free_gb + held_gb(self.workspace)))
        return self.looked[1]

    def work(self) -> None:
        while True:
            with self.news:
                if not self.wanted and not self.news.wait(REST):
                    self.estimator.close()
                    self.news.wait_for(lambda: bool(self.wanted))
                questions, self.wanted = list(self.wanted.values()), {}
            self.busy = True
            try:
                for _ in self.estimator.ask_all(questions):
                    self.answered += 1
                self.broken = False
            except Exception:
                logging.getLogger("tunesmith.page").exception("The memory could not be estimated")
                self.broken = True
                self.answered += 1  # whoever waits is told
            self.busy = False

    def close(self) -> None:
        self.estimator.close()


def cut_by(lengths: Lengths) -> Cut:
    """What share of the rows is longer than so many tokens, by their histogram."""

    def cut(tokens: int) -> float:
        longer = sum(rows for edge, rows in lengths.counts if edge > tokens)
        return longer / max(1, sum(rows for _, rows in lengths.counts))

    return cut


def checked(method: Method, values: dict[str, Any]) -> AdaptSettings | None:
    """Settings as the engine takes them, None while they will not do."""
    known = {name: value for name, value in values.items() if name in method.settings.model_fields}
    try:
        return method.settings.model_validate(known)
    except ValidationError:
        return None
