"""The trackers, each told through transformers' own integration. All of it happens in one thread for each, see post.py.

What they are told of the run is ours and not the Trainer's arguments: those hold folders of this computer.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers.integrations import integration_utils as integrations

from studio.errors import StudioError
from studio.training.tracking.keys import has_key
from studio.training.tracking.part import MlflowPart, TrackioPart, WandbPart

RUN = "tunesmith.run"  # the tag by which a run is found again on a server
# The person's own values go before these. MLflow would try a server that is gone for some twelve minutes.
MLFLOW_WAYS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
TRACKIO_ELSEWHERE = ("SPACE_ID", "SERVER_URL", "DATASET_ID", "BUCKET_ID", "WEBHOOK_URL")
STATUS = {"finished": "FINISHED", "stopped": "FINISHED", "failed": "FAILED"}  # MLflow's; of all else KILLED


@dataclass(frozen=True)
class Told:
    """Stands where the integrations expect TrainingArguments. parameters: the run's settings, by their names."""

    run_id: str
    run_name: str
    folder: Path
    parameters: dict[str, Any]
    resumed: bool = False
    step: int = 0
    project: str = ""
    # What the integrations ask for beside these: nothing goes to a hub.
    output_dir: str = ""
    trackio_space_id: None = None
    trackio_bucket_id: None = None
    trackio_static_space_id: bool = False
    hub_private_repo: None = None

    def to_dict(self) -> dict[str, Any]:
        return dict(self.parameters)

    def to_json_string(self) -> str:
        return json.dumps(self.parameters, indent=2, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Moment:
    """Stands where the integrations expect a TrainerState: as it was when a figure was logged."""

    global_step: int
    is_world_process_zero: bool = True
    is_hyper_param_search: bool = False
    trial_name: None = None
    logging_steps: int = 1


class Tracker:
    """title, place: what a sentence calls it, and where its figures go. left_over: what becomes of those not taken."""

    title = place = ""
    left_over = ""
    repeats = False  # whether it copes with steps that are told again
    callback: Any

    def __init__(self, told: Told) -> None:
        self.told = told

    def begin(self) -> None:
        raise NotImplementedError

    def log(self, step: int, figures: dict[str, float]) -> None:
        self.callback.on_log(self.told, Moment(step), None, logs=dict(figures))

    def deliver(self, files: list[Path]) -> None:
        """Whatever of the run's result this tracker keeps."""

    def end(self, ending: str) -> None:
        raise NotImplementedError


class TensorBoard(Tracker):
    title, place = "TensorBoard files", "The run's folder"
    repeats = True  # it is told from which step on, and hides what came after that

    def begin(self) -> None:
        from tensorboardX import SummaryWriter

        again = self.told.step + 1 if self.told.resumed else None
        # TensorBoard reads the files of a folder in the order of their names, which begin with the second.
        own = f".from-{self.told.step:07d}"
        self.writer = SummaryWriter(str(self.told.folder / "tensorboard"), purge_step=again, filename_suffix=own)
        self.callback = integrations.TensorBoardCallback(self.writer)
        if not self.told.resumed:
            self.callback.on_train_begin(self.told, Moment(self.told.step), None)

    def end(self, ending: str) -> None:
        self.writer.close()


class Mlflow(Tracker):
    title = "MLflow"

    def __init__(self, told: Told, part: MlflowPart) -> None:
        super().__init__(told)
        self.part, self.place = part, f"The server at {part.server}"

    def begin(self) -> None:
        for name, value in MLFLOW_WAYS.items():
            os.environ.setdefault(name, value)
        import mlflow

        mlflow.set_tracking_uri(self.part.server)
        experiment = mlflow.set_experiment(self.part.experiment).experiment_id
        known = mlflow.MlflowClient().search_runs([experiment], f"tags.`{RUN}` = '{self.told.run_id}'")
        if known and self.told.resumed:
            mlflow.start_run(run_id=known[0].info.run_id)
            self.told = Told(self.told.run_id, self.told.run_name, self.told.folder, {})  # it knows the settings
        else:
            # In place of what MLflow would look up: the person's name, and the path of this program.
            own = {"mlflow.user": "", "mlflow.source.name": "Tunesmith", "mlflow.source.type": "LOCAL"}
            mlflow.start_run(run_name=self.told.run_name, tags={**own, RUN: self.told.run_id})
        self.mlflow = mlflow
        self.callback = integrations.MLflowCallback()
        self.callback.on_train_begin(self.told, Moment(self.told.step), None)
        mlflow.flush_async_logging()
        self.callback._async_log = False  # this is a thread of our own, and it wants to hear of errors

    def deliver(self, files: list[Path]) -> None:
        for file in files:
            if file.is_dir():
                self.mlflow.log_artifacts(str(file), file.name)
            else:
                self.mlflow.log_artifact(str(file))

    def end(self, ending: str) -> None:
        self.mlflow.set_tag("tunesmith.ending", ending)
        self.mlflow.end_run(STATUS.get(ending, "KILLED"))


class Wandb(Tracker):
    title = "Weights & Biases"

    def __init__(self, told: Told, part: WandbPart) -> None:
        super().__init__(told)
        self.part = part
        self.place = "Weights & Biases" if part.online else "The run's folder"
        self.left_over = f"`wandb sync` sends what lies in {told.folder / 'tracking'}." if part.online else ""

    def begin(self) -> None:
        if self.part.online and not has_key():  # the server that had it has ended
            raise StudioError("No key is known. Type it in Set up before the next run.")
        import wandb

        folder = self.told.folder / "tracking"
        folder.mkdir(exist_ok=True)
        # Without what it would find out by itself: the log of this program, its path, packages, host and user names.
        own = wandb.Settings(
            init_timeout=30,
            silent=True,
            console="off",
            save_code=False,
            disable_code=True,
            disable_git=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
            x_save_requirements=False,
        )
        self.run = wandb.init(
            project=self.part.project,
            name=self.told.run_name,
            id=self.told.run_id,
            resume="allow" if self.part.online else None,
            mode="online" if self.part.online else "offline",
            dir=str(folder),
            settings=own,
        )
        self.callback = integrations.WandbCallback()
        self.callback.on_train_begin(self.told, Moment(self.told.step), None)

    def end(self, ending: str) -> None:
        self.run.summary["ending"] = ending
        self.run.finish(exit_code=1 if ending == "failed" else 0)


class Trackio(Tracker):
    title, place = "Trackio", "Trackio's folder"

    def __init__(self, told: Told, part: TrackioPart) -> None:
        super().__init__(told)

    def begin(self) -> None:
        for name in TRACKIO_ELSEWHERE:  # these would send it away from this computer
            os.environ.pop(f"TRACKIO_{name}", None)
        self.callback = integrations.TrackioCallback()
        self.callback.on_train_begin(self.told, Moment(self.told.step), None)

    def end(self, ending: str) -> None:
        self.callback.on_train_end(self.told, Moment(self.told.step), None)
