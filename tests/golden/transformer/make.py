"""Makes the fixtures of this folder: small real tokenizers, tiny random-weight models, and what Python says about them.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install torch transformers tokenizers sentencepiece onnx onnxruntime onnxscript
    /tmp/golden/bin/python tests/golden/transformer/make.py

The tokenizers are trained on trainers/data/lid and goemotions (see trainers/data/NOTICE.md for their licences) and have
the shape of those of bert-base-(un)cased, roberta-base, xlm-roberta-base and deberta-v3-base. The texts of texts.json.gz
come from the same sets. Weights are random: nothing here answers anything sensible.
The library breaks ties among word pieces by chance: a new run gives other, equally good fixtures. Commit them together.
"""
import base64
import gzip
import io
import json
import os
import random
import shutil
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import sentencepiece
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig, BertForSequenceClassification, BertModel, DebertaV2Config, DebertaV2ForSequenceClassification,
    DistilBertConfig, DistilBertForSequenceClassification, RobertaConfig, RobertaForSequenceClassification,
    XLMRobertaConfig, XLMRobertaForSequenceClassification,
)

warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
DATA = HERE.parents[2] / "trainers" / "data"
CLS_BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def rows(name):
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write_gz(path, value):
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
        out.write(body)


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
NASTY = [
    "", " ", "\n", "\t \u00a0\u3000", "a", ".", "...", "?!?!", "  leading and trailing  ", "double  spaces   and\ttabs\nlines\r\n",
    "don't we'll I'M they'd you're I've it's DON'T 'S 'll", "naïve café coöperate Ångström ÉCOLE", "e\u0301 a\u030a o\u0308\u0304 n\u0303",
    "ΣΑΣ ΟΔΟΣ σίγμα Σ ΑΣ.", "İstanbul ISPARTA ığdır İİ", "Straße GROẞ ſtraße", "ﬁnd the ﬂow ﬃ Ⅳ ½ ² ㎏ ① ㈱ ℃ ™ …",
    "ＦＵＬＬ ｗｉｄｔｈ １２３ ～ ｡ ｶﾞｷﾞ", "中文字符和English混合，还有标点。「引用」", "日本語のテキスト、カタカナとひらがな。", "한국어 텍스트 \u1112\u1161\u11ab\u1100\u1173\u11af",
    "𠀀𠀁 𪜀 𫝀 𫠠 丽 豈 㐀 𰀀", "ทดสอบภาษาไทย น้ำ", "नमस्ते दुनिया क्षत्रिय ज्ञान", "مرحبا بالعالم السَّلامُ", "שָׁלוֹם עולם", "Tiếng Việt có dấu Tie\u0302\u0301ng",
    "👍", "👨‍👩‍👧‍👦 family 👩🏽‍🚀 🇫🇷🇩🇪 ❤️ ☺️ 1️⃣", "lol😂😂😂ok", "zero\u200bwidth\u200cjoin\u200der\ufeffbom", "soft\u00adhyphen", "nul\u0000in bell\u0007 del\u007f nel\u0085x",
    "line\u2028sep para\u2029sep", "\u202eright to left\u202c \u2066iso\u2069", "\ufffd replacement \ufffc object", "private \ue000\uf8ff use",
    "x" * 99, "x" * 100, "x" * 101, "x" * 3000, "é" * 100, "e\u0301" * 60, "中" * 300, "😂" * 200, "ab" * 700, "word " * 600, "." * 500, " " * 400 + "end",
    "[CLS] literal [SEP] tokens [MASK] [PAD] [UNK]", "a[MASK]b [mask] [MASK][MASK]", "<s> literal </s> <mask> <pad> <unk>", "a<mask>b  <mask>  c <MASK>",
    "▁meta▁space ▁ ▁▁", "Ġ byte Ċ", "http://example.com/a?b=c&d=%20#e", "user@example.org @name #tag $5.00 50% 3.14 1,000,000 1e-9",
    "C++ != C# && ||; <html> {json: [1, 2]} `code` ~/path\\x", "snake_case camelCase SCREAMING-CASE don’t “quotes” «guillemets» — dash – en",
    "\u0301leading mark", "a\u0301\u0302\u0303\u0304 stack", "\u1fef \u037e \u0387 \u212a \u212b \u2126", "ǅ ǈ ǋ ŉ ΐ ﬀ ὒ", "𝕳𝖊𝖑𝖑𝖔 𝓌𝑜𝓇𝓁𝒹 𝟙𝟚𝟛", "𝔸\u0301",
    "\U0001d165\U0001d15e", "؀ ۝ ࣢ \U000110bd", "\u00a8 \u00af \u00b4 \u00b8", "a\u00a0b\u2003c\u202fd\u205fe\u1680f\u180eg", "\r\r\n\n", "\x0b\x0c", "１２３４", "٠١٢٣ ०१२",
    "ㅎㅏㄴ", "ｱ゙", "か\u3099 ハ\u309a", "\u0f73\u0f75\u0f81", "\u0958\u095c", "\u0340\u0341\u0343\u0374", "q\u0307\u0323 q\u0323\u0307",
]


SPACED = {"type": "Sequence", "normalizers": [
    {"type": "Replace", "pattern": {"Regex": r"\s{2,}|[\n\r\t]"}, "content": " "}, {"type": "NFC"}, {"type": "Strip", "strip_left": False, "strip_right": True}]}


def every_letter():
    """Every assigned character of the first planes’ scripts, between two letters, so that no table goes untested."""
    chosen = [c for c in map(chr, range(0x20, 0x3100)) if unicodedata.category(c) not in ("Cn", "Cs")]
    chosen += [chr(c) for c in range(0xF900, 0xFFFE) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    return [" ".join(f"n{c}e" for c in chosen[at : at + 40]) for at in range(0, len(chosen), 40)]


def corpus():
    draw = random.Random(11)
    by_language = {}
    for row in rows("lid/dev"):
        by_language.setdefault(row["label"], []).append(row["text"])
    texts = [text for language in sorted(by_language) for text in draw.sample(by_language[language], min(25, len(by_language[language])))]
    texts += [row["text"] for row in draw.sample(rows("goemotions/dev"), 600)]
    return texts + NASTY + every_letter()


def training_texts():
    draw = random.Random(12)
    by_language = {}
    for row in rows("lid/train"):
        by_language.setdefault(row["label"], []).append(row["text"])
    texts = [t for language in sorted(by_language) for t in by_language[language][:60]]
    texts += [row["text"] for row in rows("goemotions/train")[:6000]]
    draw.shuffle(texts)
    return texts


# ── tokenizers ───────────────────────────────────────────────────────────────────────────────────────────────────────
def wordpiece(texts, vocabulary, lowercase):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=CLS_BERT, limit_alphabet=700, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", cls), ("[SEP]", sep)])
    return json.loads(tokenizer.to_str())


def byte_level(texts, vocabulary):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    made = json.loads(tokenizer.to_str())
    made["post_processor"] = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True, "add_prefix_space": False}
    for token in made["added_tokens"]:
        token["normalized"] = True
        if token["content"] == "<mask>":
            token.update(lstrip=True, normalized=False)
    return made


def pieces(texts, vocabulary, coverage):
    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=proto, vocab_size=vocabulary, model_type="unigram", num_threads=1,
        character_coverage=coverage, minloglevel=2, max_sentence_length=2000)
    model = sentencepiece_model_pb2.ModelProto.FromString(proto.getvalue())
    charsmap = base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()
    return [[p.piece, p.score] for p in model.pieces if p.type == 1], charsmap


def added(content, id, **changes):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **changes}


def template(cls, sep, ids, double):
    special = lambda name, kind: {"SpecialToken": {"id": name, "type_id": kind}}
    text = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    second = 0 if double else 1
    return {
        "type": "TemplateProcessing",
        "single": [special(cls, 0), text("A", 0), special(sep, 0)],
        "pair": [special(cls, 0), text("A", 0), special(sep, 0)] + ([special(sep, 0)] if double else []) + [text("B", second), special(sep, second)],
        "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in (cls, sep)},
    }


def unigram(normalizer, pre_tokenizer, post, vocab, unk, tokens):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
            "post_processor": post, "decoder": None, "model": {"type": "Unigram", "unk_id": unk, "vocab": vocab, "byte_fallback": False}}


def xlm_roberta(trained):
    vocab, charsmap = trained
    full = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0]] + vocab + [["<mask>", 0.0]]
    mask = len(full) - 1
    return unigram(
        {"type": "Precompiled", "precompiled_charsmap": charsmap},
        {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}]},
        template("<s>", "</s>", {"<s>": 0, "</s>": 2}, True), full, 3,
        [added("<s>", 0), added("<pad>", 1), added("</s>", 2), added("<unk>", 3), added("<mask>", mask, lstrip=True)])


def deberta(trained):
    vocab, charsmap = trained
    full = [["[PAD]", 0.0], ["[CLS]", 0.0], ["[SEP]", 0.0], ["[UNK]", 0.0]] + vocab + [["[MASK]", 0.0]]
    return unigram(
        {"type": "Sequence", "normalizers": [{"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Precompiled", "precompiled_charsmap": charsmap},
                                             {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
        {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        template("[CLS]", "[SEP]", {"[CLS]": 1, "[SEP]": 2}, False), full, 3,
        [added("[PAD]", 0), added("[CLS]", 1), added("[SEP]", 2), added("[UNK]", 3, normalized=False), added("[MASK]", len(full) - 1)])


def code_points():
    """What every character is to BERT’s tokenizer, in runs: a letter, a space, a token by itself, or nothing at all."""
    said = {}
    for name, lowercase in (("cased", False), ("uncased", True)):
        tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1, "b": 2, "ab": 3}, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        runs = []
        for code in [c for c in range(1, 0x20000) if not 0xD800 <= c <= 0xDFFF] + list(range(0xE0000, 0xE0200)):
            ids = tokenizer.encode(f"a{chr(code)}b").ids
            if not runs or runs[-1][1] != ids:
                runs.append([code, ids])
        said[name] = runs
    return said


# ── what Python says ─────────────────────────────────────────────────────────────────────────────────────────────────
def encodings(made, texts):
    tokenizer = Tokenizer.from_str(json.dumps(made))
    draw = random.Random(13)
    pairs = [[draw.choice(texts[:2000]), draw.choice(texts[:2000])] for _ in range(120)]
    cut = []
    for length in (6, 7, 16, 33):
        tokenizer.enable_truncation(length)
        for first, second in pairs[:40]:
            single, double = tokenizer.encode(first), tokenizer.encode(first, second)
            cut.append({"max": length, "texts": [first], "ids": single.ids, "types": single.type_ids})
            cut.append({"max": length, "texts": [first, second], "ids": double.ids, "types": double.type_ids})
    tokenizer.no_truncation()
    for first, second in pairs:
        double = tokenizer.encode(first, second)
        cut.append({"max": 100000, "texts": [first, second], "ids": double.ids, "types": double.type_ids})
    return {"ids": [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)], "framed": cut}


def export(model, names, path):
    class Graph(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *inputs):
            out = self.model(**dict(zip(names, inputs)))
            return out.logits if hasattr(out, "logits") else out.last_hidden_state

    sample = tuple(torch.randint(5, 20, (2, 7)) if name == "input_ids" else torch.ones(2, 7, dtype=torch.long) * (name == "attention_mask") for name in names)
    output = "last_hidden_state" if isinstance(model, BertModel) else "logits"
    axes = {name: {0: "batch", 1: "tokens"} for name in names} | {output: {0: "batch"} | ({1: "tokens"} if output != "logits" else {})}
    # The exporter puts a module back into the mode it had: a fresh one would turn dropout on.
    torch.onnx.export(Graph().eval(), sample, str(path), input_names=names, output_names=[output], dynamic_axes=axes, opset_version=17, dynamo=False)


def answers(model, names, made, inputs, max_length):
    """Each input alone, without padding: what a batch of any make-up has to equal."""
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.enable_truncation(max_length)
    said = []
    for texts in inputs:
        encoding = tokenizer.encode(*texts)
        feeds = {"input_ids": encoding.ids, "attention_mask": encoding.attention_mask, "token_type_ids": encoding.type_ids}
        with torch.no_grad():
            out = model(**{name: torch.tensor([feeds[name]]) for name in names})
        if hasattr(out, "logits"):
            said.append(out.logits[0].tolist())
        else:
            mean = torch.nn.functional.normalize(out.last_hidden_state[0].mean(0), dim=0)
            said.append(mean.tolist())
    return [[round(value, 6) for value in row] for row in said]


def python_int8(folder, names, made, inputs, max_length):
    """The same model by onnxruntime.quantization: what ours is compared with."""
    path = folder / "int8.onnx"
    quantize_dynamic(folder / "model.onnx", path, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    session = onnxruntime.InferenceSession(str(path))
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.enable_truncation(max_length)
    said = []
    for texts in inputs:
        encoding = tokenizer.encode(*texts)
        feeds = {"input_ids": encoding.ids, "attention_mask": encoding.attention_mask, "token_type_ids": encoding.type_ids}
        said.append([round(float(v), 6) for v in session.run(None, {name: np.array([feeds[name]]) for name in names})[0][0]])
    size = path.stat().st_size
    path.unlink()
    return {"bytes": size, "logits": said}


SIZE = dict(num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=130, initializer_range=0.2, attn_implementation="eager")
BODY = dict(hidden_size=16, intermediate_size=32)


def labels(*names):
    return dict(id2label=dict(enumerate(names)), label2id={name: at for at, name in enumerate(names)}, num_labels=len(names))


def make_models(made):
    size = lambda name: max(max(t["id"] for t in made[name]["added_tokens"]), len(made[name]["model"]["vocab"]) - 1) + 1
    three = ["input_ids", "attention_mask", "token_type_ids"]
    return {
        "bert": (BertForSequenceClassification, BertConfig(vocab_size=size("bert"), **SIZE, hidden_size=64, intermediate_size=128, **labels("bad", "so-so", "good")), three, 1),
        "distilbert": (DistilBertForSequenceClassification, DistilBertConfig(
            vocab_size=size("distilbert"), dim=24, hidden_dim=48, n_layers=2, n_heads=4, max_position_embeddings=130, initializer_range=0.2, pad_token_id=0, attn_implementation="eager",
            problem_type="multi_label_classification", **labels("toxic", "insult", "threat", "identity")), three[:2], 1),
        "roberta": (RobertaForSequenceClassification, RobertaConfig(vocab_size=size("roberta"), **SIZE, **BODY, pad_token_id=1, bos_token_id=0, eos_token_id=2, **labels("entailment", "contradiction")), three[:2], 2),
        "xlm-roberta": (XLMRobertaForSequenceClassification, XLMRobertaConfig(vocab_size=size("xlm-roberta"), **SIZE, **BODY, pad_token_id=1, bos_token_id=0, eos_token_id=2, **labels("LABEL_0")), three[:2], 2),
        "deberta-v3": (DebertaV2ForSequenceClassification, DebertaV2Config(
            vocab_size=size("deberta-v3"), **SIZE, **BODY, relative_attention=True, position_buckets=32, norm_rel_ebd="layer_norm", share_att_key=True,
            pos_att_type=["p2c", "c2p"], position_biased_input=False, type_vocab_size=0, pad_token_id=0, pooler_hidden_size=16, **labels("no", "yes")), three[:2], 1),
        "embedder": (BertModel, BertConfig(vocab_size=size("bert"), **SIZE, **BODY), three, 1),
    }


def tokenizer_config(name, made):
    kind = {"bert": "BertTokenizer", "distilbert": "DistilBertTokenizer", "roberta": "RobertaTokenizer", "xlm-roberta": "XLMRobertaTokenizer", "deberta-v3": "DebertaV2Tokenizer", "embedder": "BertTokenizer"}[name]
    pad = "<pad>" if "roberta" in name else "[PAD]"
    return {"tokenizer_class": kind, "model_max_length": 128, "pad_token": pad}


def main():
    texts, training = corpus(), training_texts()
    write_gz(HERE / "texts.json.gz", texts)
    write_gz(HERE / "code-points.json.gz", code_points())
    made = {
        "bert": wordpiece(training, 2000, True), "distilbert": wordpiece(training, 1800, False), "roberta": byte_level(training, 1500),
        "xlm-roberta": xlm_roberta(pieces(training, 2600, 0.98)), "deberta-v3": deberta(pieces([row["text"] for row in rows("goemotions/train")[:8000]], 1200, 0.999)),
    }
    accented = json.loads(json.dumps(made["bert"]))
    accented["normalizer"]["strip_accents"] = False
    # As transformers 5 builds it, without a charsmap.
    spaced = json.loads(json.dumps(made["deberta-v3"]))
    spaced["normalizer"] = SPACED
    write_gz(HERE / "encodings.json.gz", {**{name: encodings(one, texts) for name, one in made.items()}, "accented": {**encodings(accented, texts), "framed": []}, "spaced": {**encodings(spaced, texts), "framed": []}})
    made["embedder"] = made["bert"]
    # Texts of mixed lengths, one of them far above the limit; without those that are there to be nasty to tokenizers.
    inputs = [texts[at] for at in range(0, 2500, 83)] + ["short", "", texts[2300] * 40]
    golden = {}
    for name, (kind, config, names, arity) in make_models(made).items():
        torch.manual_seed(sum(map(ord, name)))
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        model = kind(config).eval()
        # A fresh model’s biases are all zero and its norms all one: then no test would see them left out.
        with torch.no_grad():
            for _, weight in model.named_parameters():
                if weight.ndim == 1:
                    weight.add_(torch.randn_like(weight) * 0.1)
        export(model, names, folder / "model.onnx")
        onnx.checker.check_model(str(folder / "model.onnx"))
        (folder / "tokenizer.json").write_text(json.dumps(made[name], ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        settings = config.to_dict() | {"architectures": [kind.__name__]}
        write_json(folder / "config.json", {key: value for key, value in settings.items() if value is not None})
        write_json(folder / "tokenizer_config.json", tokenizer_config(name, made[name]))
        given = [[text] if arity == 1 else [text, inputs[(at * 7 + 3) % len(inputs)]] for at, text in enumerate(inputs)]
        golden[name] = {"inputs": given, "maxTokens": 128, "outputs": answers(model, names, made[name], given, 128)}
        if name == "bert":
            golden[name]["int8"] = python_int8(folder, names, made[name], given, 128)
    write_gz(HERE / "answers.json.gz", golden)


if __name__ == "__main__":
    os.chdir(HERE)
    main()
