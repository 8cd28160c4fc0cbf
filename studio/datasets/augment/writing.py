"""A model that writes one short text for each of several requests, in one batch; the same every time for a seed."""

from threading import Event
from typing import TYPE_CHECKING, Any

from studio.datasets.examples import messages_of, prompt_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

AROUND = 200  # tokens that a request and a chat format take beside the question, at most
MORE = 32  # tokens that a rewrite may have beyond twice those of the question


class Writer:
    """Holds the model. `stopped` ends what is being written at the next token."""

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", stopped: Event) -> None:
        self.model, self.tokenizer, self.stopped = model, tokenizer, stopped
        model.eval()

    def room(self, question: str) -> int:
        """Tokens that may be written about a question."""
        return 2 * len(self.tokenizer(question, add_special_tokens=False)["input_ids"]) + MORE

    def too_long(self, question: str) -> str:
        """Why the model cannot take a question, to be put behind a count; "" when it can."""
        context = getattr(self.model.config, "max_position_embeddings", None)
        # A translation may be twice as long, and it is both read and written.
        needed = 2 * self.room(question) + AROUND
        return f"too long for the {context:,} tokens of this model" if context and needed > context else ""

    def write(self, requests: list[str], questions: list[str], temperature: float, seed: int) -> list[str | None]:
        """The model's text for each request, about the question of the same place; None if it did not end.

        temperature: 0 for the likeliest text; else it is drawn by the seed.
        """
        import torch
        from transformers import StoppingCriteriaList

        asked = [prompt_ids(self.tokenizer, messages_of("", request)) for request in requests]
        width = max(map(len, asked))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(one)) + one for one in asked], device=self.model.device)
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in asked], device=self.model.device)
        drawing: dict[str, Any] = {"do_sample": True, "temperature": temperature, "top_p": 0.95, "top_k": 0}
        torch.manual_seed(seed % 2**63)
        with torch.inference_mode():
            output = self.model.generate(  # type: ignore[operator]  # transformers types it as a Tensor
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max(map(self.room, questions)),
                pad_token_id=pad,
                stopping_criteria=StoppingCriteriaList([self.halt]),
                **(drawing if temperature else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}),
            )
        ends = self.ends()
        return [self.text(row, ends) for row in output[:, width:].tolist()]

    def halt(self, ids: Any, scores: Any, **more: Any) -> Any:
        """What transformers asks after every token: whether each row is to end."""
        import torch

        return torch.full((ids.shape[0],), self.stopped.is_set(), device=ids.device, dtype=torch.bool)

    def ends(self) -> set[int]:
        configured = self.model.generation_config.eos_token_id
        return {self.tokenizer.eos_token_id, *(configured if isinstance(configured, list) else [configured])} - {None}

    def text(self, tokens: list[int], ends: set[int]) -> str | None:
        length = next((place for place, token in enumerate(tokens) if token in ends), None)
        return None if length is None else str(self.tokenizer.decode(tokens[:length], skip_special_tokens=True))
