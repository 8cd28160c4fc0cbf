"""Policy training: the model tries answers, a reward says how good they are, and it learns to earn more."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator

from studio.datasets.rows import content_of, conversations
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.adapt_settings import AdaptSettings
from studio.methods.registry import Job, Metric, method
from studio.methods.reward_rules import MOST_RULES, Rule, check_rules, rules_from
from studio.methods.rewards import Reward, RewardModel, reward_result
from studio.methods.settings import unit
from studio.models.catalogue import Model
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.methods.policy_trainer import Policy

ANSWERS_TRIED = 200  # answers of training rows that the rules are tried on before a run
RULED = "Points by this rule: 1 when all answers keep to it."
METRICS = (
    Metric("reward", "Reward", "What its answers earn on average. Higher is better.", True),
    Metric(
        "kl",
        "Distance from the untrained model (KL)",
        "How differently from before training it chooses its words, in nats per token. 0 is not at all.",
        None,
    ),
    Metric("rule_json", "Valid JSON", RULED, True, sometimes=True),
    Metric("rule_length", "Right length", RULED, True, sometimes=True),
    Metric("rule_contains", "Words contained", RULED, True, sometimes=True),
    Metric("rule_regex", "Pattern matched", RULED, True, sometimes=True),
    Metric(
        "reward_model",
        "Reward model",
        "What the reward model thinks of its answers. Higher is better.",
        True,
        sometimes=True,
    ),
    Metric("cut_off", "Answers cut off", "Share of answers that had not ended at the longest length.", False),
    Metric("answer_length", "Length of its answers", "In tokens, on average.", None),
)


class RlhfSettings(AdaptSettings):
    # It learns from its own answers, which move with it: half the usual rate holds on to the words it knows.
    rate_factor: ClassVar[float] = 0.5

    batch_size: int = Field(
        4,
        ge=1,
        le=256,
        title="Questions per step (batch size)",
        description="How many questions it tries answers to before each correction. Fewer saves memory.",
        json_schema_extra=unit("questions", advanced=True),
    )
    rules: list[Rule] = Field(
        default_factory=list,
        max_length=MOST_RULES,
        title="Rules that earn points",
        description="Each rule gives an answer between 0 and 1, and the weights say how much each of them counts.",
        json_schema_extra=unit(),
    )
    reward_run: str = Field(
        "",
        title="Reward model from an earlier run",
        description="The id of a run that learned which answers are better. Its opinion is added to the rules.",
        json_schema_extra=unit(),
    )
    reward_weight: float = Field(
        1.0,
        gt=0,
        le=100,
        title="Weight of the reward model",
        description="How much its opinion counts. All rules together count 1.",
        json_schema_extra=unit("times", advanced=True),
    )
    algorithm: Literal["rloo", "grpo"] = Field(
        "rloo",
        title="How it learns from the points",
        description="Both compare the answers to one question with each other. RLOO is simple and steady, GRPO sees "
        "who was better, and not by how much.",
        json_schema_extra=unit(
            advanced=True, words={"rloo": "Against the mean of the others (RLOO)", "grpo": "Within the group (GRPO)"}
        ),
    )
    beta: float = Field(
        0.05,
        ge=0,
        le=10,
        title="Leash to the model it began as (beta)",
        description="Takes points off for moving away from it (KL). Higher keeps its language, lower earns more.",
        json_schema_extra=unit(advanced=True),
    )
    generations: int = Field(
        4,
        ge=2,
        le=64,
        title="Answers tried for each question",
        description="More show better what is worth doing, and take longer.",
        json_schema_extra=unit("answers", advanced=True),
    )
    answer_tokens: int = Field(
        64,
        ge=1,
        le=8192,
        title="Longest answer (max new tokens)",
        description="Answers are cut here. Most of the time goes into writing them.",
        json_schema_extra=unit("tokens", advanced=True),
    )
    temperature: float = Field(
        1.0,
        gt=0,
        le=5,
        title="Daring of what it tries (temperature)",
        description="Higher tries more different answers, too high only nonsense. 1 is the model as it is.",
        json_schema_extra=unit(advanced=True),
    )
    judged: int = Field(
        32,
        ge=1,
        le=10_000,
        title="Questions at each check, at most",
        description="For each it writes an answer, so more take longer. So many test questions are asked, too.",
        json_schema_extra=unit("questions", advanced=True),
    )
    last_layers: int = Field(
        2,
        ge=1,
        le=200,
        title="Last layers trained",
        description="More learn more, and need more memory.",
        json_schema_extra=unit("layers", advanced=True, when={"adapt": ("last_layers",)}),
    )

    @field_validator("rules", mode="before")
    @classmethod
    def from_text(cls, value: Any) -> Any:
        """The page and the command line may give the rules as JSON text."""
        return rules_from(value)

    def rows_checked(self, rows: int) -> int:
        """As many as the settings say: for each it writes an answer."""
        return min(rows, self.judged)


def check_settings(settings: RlhfSettings) -> None:
    """Raises StudioError when there is no reward, or no room for question and answer."""
    if not settings.rules and not settings.reward_run.strip():
        raise StudioError(
            "There is no reward yet, so it could not tell a good answer from a bad one.",
            "Add a rule, or choose a reward model from an earlier run.",
            "rules",
        )
    if settings.answer_tokens >= settings.max_length:
        raise StudioError(
            f"“Longest answer” ({settings.answer_tokens:,} tokens) leaves no room for the question in “Longest "
            f"example” ({settings.max_length:,} tokens).",
            "Lower the one, or raise the other.",
            "answer_tokens",
        )


def check(version: Version, settings: RlhfSettings) -> None:
    """Raises StudioError as check_settings does, and for a reward that is always the same."""
    check_settings(settings)
    if settings.rules:
        rows = version.frame("train").head(ANSWERS_TRIED)
        check_rules(settings.rules, [content_of(messages[-1]) for messages, _ in conversations(rows, version.kind)])


def check_home(workspace: Workspace, model: Model, settings: RlhfSettings) -> None:
    """Raises StudioError when the reward model is not there, or is none."""
    if settings.reward_run.strip():
        reward_result(workspace.home, settings.reward_run.strip())


def rollout(settings: RlhfSettings, rows: int) -> tuple[int, int, int]:
    """Of one step with so many training questions: questions, answers, and bites that the answers are learned in.

    Our steps count questions, and TRL's count answers.
    """
    questions = min(settings.batch_size, rows)
    answers = questions * settings.generations
    bites = next(number for number in range(min(settings.accumulation, answers), answers + 1) if answers % number == 0)
    return questions, answers, bites


@method(
    "rlhf",
    title="Learn from a reward",
    sentence="It tries answers to your questions, gets points by rules or a reward model, and learns to earn more.",
    kinds=("chat", "preference", "feedback"),
    settings=RlhfSettings,
    metrics=METRICS,
    best="reward",
    check=check,
    check_settings=check_settings,
    check_home=check_home,
    group="Learn from preferences",
)
def build(job: Job) -> "Policy":
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.rloo_config import RLOOConfig

    from studio.methods.adapting import trainable_model
    from studio.methods.arguments import training_arguments
    from studio.methods.policy_trainer import GrpoTrainer, RlooTrainer, question_rows
    from studio.methods.watched import watch
    from studio.models.loading import load_tokenizer

    settings: RlhfSettings = job.settings
    tokenizer = load_tokenizer(job.folder)
    longest = settings.max_length - settings.answer_tokens
    train, check_rows, test = (
        question_rows(tokenizer, job.version, split, longest) for split in ("train", "validation", "test")
    )
    check_rows, test = (rows.select(range(min(len(rows), settings.judged))) for rows in (check_rows, test))
    run_id = settings.reward_run.strip()
    reward = Reward(settings.rules, RewardModel.of_run(job, run_id) if run_id else None, settings.reward_weight)
    questions, answers, bites = rollout(settings, len(train))
    whole = replace(job, settings=settings.model_copy(update={"accumulation": 1, "batch_size": questions}))
    rloo = settings.algorithm == "rloo"
    arguments = training_arguments(whole, len(train), len(check_rows), best="reward", higher=True) | {
        "per_device_train_batch_size": answers // bites,
        "gradient_accumulation_steps": bites,
        "num_generations": settings.generations,
        "num_generations_eval": 1,
        "max_completion_length": settings.answer_tokens,
        "temperature": settings.temperature,
        # At 0 TRL would not measure the KL any more, which is to be seen all the same.
        "beta": settings.beta or 1e-12,
        "disable_dropout": True,
    }
    trainer = (RlooTrainer if rloo else GrpoTrainer)(
        model=trainable_model(job, "causal"),
        reward=reward,
        args=(RLOOConfig if rloo else GRPOConfig)(**arguments),
        begins_as_base=job.start is None and not settings.changes_base,
        train_dataset=train,
        eval_dataset=check_rows if len(check_rows) else None,
        processing_class=tokenizer,
    )
    if bites != settings.accumulation:
        trainer.notes += (
            f"{answers} answers per step cannot be split into {settings.accumulation} equal bites, so it is {bites}.",
        )
    trained: Policy = watch(trainer, job, "causal", test)
    return trained
