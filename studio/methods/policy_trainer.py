"""TRL's RLOO and GRPO trainers, which learn from their own answers; judged on the answers that a person would get.

RLOO: Ahmadian et al. 2024, arXiv:2402.14740. GRPO: Shao et al. 2024, arXiv:2402.03300.
"""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from peft import PeftModel
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.rloo_trainer import RLOOTrainer
from trl.trainer.utils import add_fused_lm_head, use_adapter

from studio.datasets.examples import encode, for_template, text_of
from studio.datasets.rows import conversations, pack, unpack
from studio.datasets.versions import Version
from studio.errors import StudioError
from studio.methods.rewards import Reward
from studio.methods.watched import Figures, Watched

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FLAT_STEPS = 5  # steps without any spread after which it is said


class Policy(Watched):
    """Mixed in before RLOOTrainer or GRPOTrainer. The rows have `prompt` (text as the model reads it) and `messages`.

    reference: the model as it was when training began, to which the KL is measured. It is the base model itself where
    an adapter begins from nothing, else a copy (of the adapter, or of the model).
    """

    reward: Reward
    ref_model: Any
    beta: Any
    control: Any
    callback_handler: Any
    eos_token_ids: list[int]
    _metrics: Any
    per_answer = True  # whether the KL counts once for an answer, all its tokens together, or for each token

    def __init__(self, model: Any, reward: Reward, args: Any, begins_as_base: bool, **options: Any) -> None:
        self.reward = reward
        self.flat_steps = 0
        own_weights = not isinstance(model, PeftModel)
        reference = copy.deepcopy(model).eval().requires_grad_(False) if own_weights else None
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        # TRL would load the base model again, which is not what a run that goes on from another one began with.
        self.leash = beta = args.beta
        args.beta = 0.0 if own_weights else beta
        with plainly_begun(model):
            super().__init__(model=model, reward_funcs=self.score, args=args, **options)  # type: ignore[call-arg]
        self.beta = args.beta = beta
        if reference is not None:
            add_fused_lm_head(reference, temperature=args.temperature)
            self.ref_model = self.accelerator.prepare_model(reference, evaluation_mode=True)
        elif begins_as_base:
            self.model.delete_adapter("ref")  # TRL's copy of the adapter: a second way to the base model
        for parameter in trained:
            parameter.requires_grad_(True)

    def score(self, prompts: list[str], completions: list[str], messages: list[str], **more: Any) -> list[float]:
        """What TRL calls a reward function: the reward of each answer. Answers to one question stand together."""
        parts = self.reward([unpack(asked) for asked in messages], completions)
        for name, values in parts.items():
            if name != "reward":
                more["log_metric"](name, fmean(values))
        rewards = parts["reward"]
        size = self.args.num_generations
        groups = [rewards[start : start + size] for start in range(0, len(rewards), size)]
        self.flat_steps = 0 if any(max(group) - min(group) > 1e-6 for group in groups) else self.flat_steps + 1
        if self.flat_steps == FLAT_STEPS:
            self.notes += (
                f"For {FLAT_STEPS} steps all answers to a question have earned the same, and from that nothing can be "
                "learned. More answers to each question, a higher temperature or other rules can help.",
            )
        return rewards

    def _tokenize_prompts(self, prompts: list[str]) -> tuple[list[list[int]], None, dict[str, Any]]:
        """The texts as they are when the model is asked: they carry their special marks already."""
        return [encode(self.processing_class, text) for text in prompts], None, {}

    def _generate_and_score_completions(self, inputs: Any) -> Any:
        output = super()._generate_and_score_completions(inputs)  # type: ignore[misc]
        if self.model.training:
            written = int(output["completion_mask"].sum())
            self.tokens += int(output["prompt_mask"].sum()) + written
            self.trained += written
        return output

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """With TRL's figures under our names, and as `loss` what is made smaller: the KL, weighed, less the reward.

        (What TRL differentiates has the same gradient, but a value that stays near 0 and says nothing.)
        """
        if self.model.training and math.isfinite(logs.get("loss", math.nan)):
            figures = self._metrics["train"]
            logs["cut_off"] = fmean(figures["completions/clipped_ratio"])
            logs["answer_length"] = fmean(figures["completions/mean_length"])
            logs["loss"] = self.cost(fmean(figures["reward"]), fmean(figures["kl"]), logs["answer_length"])
        super().log(logs, start_time)  # type: ignore[misc]

    def cost(self, reward: float, kl: float, tokens: float) -> float:
        return self.leash * kl * (tokens if self.per_answer else 1) - reward

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Reward, KL and length of the model's likeliest answers: those that Compare shows."""
        was_training = self.model.training
        self.model.eval()
        figures = self.figures(eval_dataset or self.eval_dataset)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.model.train(was_training)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    @torch.no_grad()
    def figures(self, rows: Dataset) -> Figures:
        """The means over these questions; `kl` is the mean over all tokens written, and exact at each of them."""
        tokens: list[list[int]] = []
        divergence, cut = 0.0, 0
        # Questions of like length together: hardly any padding.
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]["prompt"]))
        asked = [encode(self.processing_class, rows[index]["prompt"]) for index in order]
        size = self.args.per_device_eval_batch_size
        for start in range(0, len(asked), size):
            tokens += self.answers(asked[start : start + size])
        for question, answer in zip(asked, tokens, strict=True):
            cut += answer[-1] not in self.eos_token_ids
            divergence += self.divergence(question, answer)
        texts = self.processing_class.batch_decode(tokens, skip_special_tokens=True)
        parts = self.reward([unpack(rows[index]["messages"]) for index in order], texts)
        figures = {name: fmean(values) for name, values in parts.items()}
        written = sum(map(len, tokens))
        figures |= {"kl": divergence / written, "cut_off": cut / len(rows), "answer_length": written / len(rows)}
        return {"loss": self.cost(figures["reward"], figures["kl"], figures["answer_length"]), **figures}

    def answers(self, questions: list[list[int]]) -> list[list[int]]:
        """The likeliest answer to each question, with the mark that ends it."""
        model = self.accelerator.unwrap_model(self.model)
        pad, width = self.processing_class.pad_token_id, max(map(len, questions))
        ids = torch.tensor([[pad] * (width - len(one)) + one for one in questions], device=model.device)
        seen = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in questions], device=model.device)
        ends = self.eos_token_ids
        limit = self.args.max_completion_length
        written = model.generate(
            input_ids=ids, attention_mask=seen, max_new_tokens=limit, do_sample=False, pad_token_id=pad,
            eos_token_id=ends, use_cache=True,
        )  # fmt: skip
        answers = written[:, width:].tolist()
        return [row[: next((i for i, one in enumerate(row) if one in ends), len(row)) + 1] for row in answers]

    @torch.no_grad()
    def divergence(self, question: list[int], answer: list[int]) -> float:
        """The KL of the model from its reference, over the whole vocabulary, summed over the tokens of one answer."""
        model, warmth = self.accelerator.unwrap_model(self.model), self.args.temperature  # TRL takes it at that, too
        ids = torch.tensor([question + answer], device=model.device)
        here = slice(-len(answer) - 1, -1)  # each position that was followed by a token of the answer
        now = (model(input_ids=ids, use_cache=False).logits[0, here].float() / warmth).log_softmax(-1)
        with self.as_reference() as reference:
            then = (reference(input_ids=ids, use_cache=False).logits[0, here].float() / warmth).log_softmax(-1)
        return float((now.exp() * (now - then)).sum())

    @contextmanager
    def as_reference(self) -> Iterator[Any]:
        model = self.accelerator.unwrap_model(self.model)
        if not isinstance(model, PeftModel):
            yield self.ref_model
            return
        with use_adapter(model, "ref" if "ref" in model.peft_config else None):
            yield model


class RlooTrainer(Policy, RLOOTrainer):
    per_answer = True


class GrpoTrainer(Policy, GRPOTrainer):
    per_answer = False


@contextmanager
def plainly_begun(model: Any) -> Iterator[None]:
    """While TRL copies the adapter of this model, the copy is to change nothing about the model's own weights.

    (PiSSA and OLoRA take a part out of them whenever an adapter is made.)
    """
    config: Any = model.peft_config["default"] if isinstance(model, PeftModel) else None
    known = getattr(config, "init_lora_weights", None)
    if known is not None:
        config.init_lora_weights = True
    yield
    if known is not None:
        config.init_lora_weights = known


def question_rows(tokenizer: "PreTrainedTokenizerBase", version: Version, split: str, longest: int) -> Dataset:
    """The questions of a split: `prompt`, the text that the model reads, and `messages`, JSON of the conversation.

    longest: tokens of a question; longer ones are left out, because a question that is cut is another question.
    Raises StudioError when no training question is left.
    """
    if not tokenizer.chat_template:
        raise StudioError(
            "This model has no chat format of its own, so it cannot be asked questions.",
            "Choose an instruct or chat model.",
        )
    prompts, asked = [], []
    for messages, tools in conversations(version.frame(split), version.kind):
        question = messages[:-1] if messages[-1]["role"] == "assistant" else messages
        text = text_of(tokenizer, *for_template(tokenizer, question, tools), asking=True) if question else ""
        if text and len(encode(tokenizer, text)) <= longest:
            prompts.append(text)
            asked.append(pack(question))
    if not prompts and split == "train":
        raise StudioError(
            f"Every question is longer than {longest:,} tokens, which is what “Longest example” leaves for it.",
            "Raise “Longest example (tokens)”, or lower “Longest answer”.",
        )
    return Dataset.from_dict({"prompt": prompts, "messages": asked})
