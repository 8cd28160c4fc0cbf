"""A GGUF file is a model like any other: unpacked once into plain weights, or refused in a sentence."""

import json
from collections import namedtuple
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.models import gguf_file
from studio.models.catalogue import find_model
from studio.models.fetch import ensure_model
from studio.models.states import list_with_states
from studio.workspace import Workspace
from tests.tiny import CHATML


def write_gguf(path: Path, model: Path, kind: str = "llama") -> Path:
    """The two-layer model as llama.cpp would keep it, in float32."""
    from gguf import GGUFWriter
    from safetensors.numpy import load_file

    config = json.loads((model / "config.json").read_text())
    heads, shared, width = (config[n] for n in ("num_attention_heads", "num_key_value_heads", "hidden_size"))
    writer = GGUFWriter(path, kind)
    writer.add_context_length(512)
    writer.add_embedding_length(width)
    writer.add_block_count(2)
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(shared)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(config["vocab_size"])
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    tokens = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token.startswith("<|") else 1 for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(CHATML)
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "embed_tokens": "token_embd",
        "model.norm": "output_norm",
    }
    for name, values in load_file(model / "model.safetensors").items():
        theirs = name.replace("model.layers.", "blk.").replace("model.embed", "embed")
        for own, other in names.items():
            theirs = theirs.replace(own, other)
        for part, number in (("attn_q", heads), ("attn_k", shared)):
            if part in theirs:  # llama.cpp keeps the two halves of each head interleaved
                values = values.reshape(number, 2, -1, width).swapaxes(1, 2).reshape(values.shape)
        writer.add_tensor(theirs, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_file_is_unpacked_once_and_is_the_same_model(
    workspace: Workspace, tiny_model: Path, tmp_path: Path
) -> None:
    import torch

    from studio.models.loading import load_model, load_tokenizer

    path = write_gguf(tmp_path / "shop.gguf", tiny_model)
    model = find_model(workspace, str(path))
    assert (model.source, model.on_disk, model.title) == ("gguf", False, "shop")
    said: list[str] = []
    folder = ensure_model(workspace, model, said.append)
    assert said == ["Unpacking shop (once, 0 MB)"] and list(workspace.scratch.iterdir()) == []
    ensure_model(workspace, find_model(workspace, str(path)), said.append)
    assert len(said) == 1
    text = "Where is my lamp number 7?"
    ids = load_tokenizer(folder)(text)["input_ids"]
    assert ids == load_tokenizer(tiny_model)(text)["input_ids"]
    assert load_tokenizer(folder).chat_template == CHATML
    with torch.no_grad():
        scores = [load_model(place, "cpu", "float32")(torch.tensor([ids])).logits for place in (folder, tiny_model)]
    assert torch.allclose(*scores, atol=0.05)  # it was rounded to bfloat16
    path.unlink()
    assert find_model(workspace, str(path)).folder == folder
    assert str(path) in {model.name for model, state in list_with_states(workspace).models if state.kind == "here"}


def test_another_file_under_the_same_name_is_another_model(
    workspace: Workspace, tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "shop.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    first = find_model(workspace, str(path)).folder
    path.write_bytes(b"GGUF" + bytes(200))
    assert find_model(workspace, str(path)).folder != first


def test_files_that_cannot_be_used_are_sentences(
    workspace: Workspace, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.gguf"
    path.write_text("<html>")
    with pytest.raises(StudioError, match="it is not a GGUF file"):
        find_model(workspace, str(path))
    with pytest.raises(StudioError, match="There is no file"):
        find_model(workspace, str(tmp_path / "nowhere.gguf"))
    path.write_bytes(b"GGUF" + bytes(50))
    with pytest.raises(StudioError, match="the table at its beginning cannot be read"):
        ensure_model(workspace, find_model(workspace, str(path)), print)
    strange = write_gguf(tmp_path / "strange.gguf", tiny_model, kind="abacus")
    with pytest.raises(StudioError, match=r"strange\.gguf could not be unpacked") as caught:
        ensure_model(workspace, find_model(workspace, str(strange)), print)
    assert "Choose the original model" in caught.value.hint and "abacus" in caught.value.message
    free = namedtuple("free", "total used free")(10**12, 0, 10**8)
    monkeypatch.setattr(gguf_file.shutil, "disk_usage", lambda place: free)
    with pytest.raises(StudioError, match="on the disk once it is unpacked"):
        ensure_model(workspace, find_model(workspace, str(strange)), print)
    assert list(workspace.models.iterdir()) == [] and list(workspace.scratch.iterdir()) == []
