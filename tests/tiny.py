"""Two-layer models with random weights and a small tokenizer: they load in a moment and train in seconds."""

from pathlib import Path
from typing import Any

from studio.workspace import ASSETS

SAMPLE = ASSETS / "samples" / "returns.csv"
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def make_tokenizer(**marks: str) -> Any:
    """A byte-level tokenizer of about 600 tokens; `marks` are further special tokens of PreTrainedTokenizerFast."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train([str(SAMPLE)], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>", bos_token="<|im_start|>", **marks
    )


def make_tiny_model(folder: Path) -> Path:
    """Write a two-layer Llama with a chat template to `folder` and return it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    wrapped = make_tokenizer()
    wrapped.chat_template = CHATML
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(wrapped),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        eos_token_id=wrapped.eos_token_id,
        pad_token_id=wrapped.pad_token_id,
        bos_token_id=wrapped.bos_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_tiny_encoder(folder: Path) -> Path:
    """Write a two-layer BERT to `folder` and return it."""
    import torch
    from transformers import BertConfig, BertModel

    wrapped = make_tokenizer(cls_token="<|im_start|>", sep_token="<|endoftext|>")
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(wrapped),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        pad_token_id=wrapped.pad_token_id,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def make_tiny_encoder_decoder(folder: Path) -> Path:
    """Write a T5 of two layers on each side to `folder` and return it."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    wrapped = make_tokenizer()
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(wrapped),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_heads=4,
        eos_token_id=wrapped.eos_token_id,
        pad_token_id=wrapped.pad_token_id,
        decoder_start_token_id=wrapped.pad_token_id,
    )
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def make_tiny_vision_model(folder: Path) -> Path:
    """Write an Idefics3 (two layers that see, two that write) with its processor to `folder` and return it.

    Pictures are made 32 dots wide at most, and take four tokens and a few marks.
    """
    import torch
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    wrapped = make_tokenizer()
    wrapped.add_tokens(["<global-img>"], special_tokens=True)
    template = (
        "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}{% for part in m['content'] %}"
        "{{ '<image>' if part['type'] == 'image' else part['text'] }}{% endfor %}{{ '<|im_end|>' + '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    longest = {"longest_edge": 32}
    pictures = Idefics3ImageProcessorPil(size=longest, max_image_size=longest, do_image_splitting=False)
    processor = Idefics3Processor(pictures, wrapped, image_seq_len=4, chat_template=template)
    processor.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = Idefics3Config(
        text_config={
            "model_type": "llama",
            "vocab_size": len(wrapped),
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            **sizes,
        },
        vision_config={"image_size": 32, "patch_size": 8, **sizes},
        scale_factor=2,
        image_token_id=processor.image_token_id,
        pad_token_id=wrapped.pad_token_id,
        tie_word_embeddings=True,
    )
    Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    return folder
