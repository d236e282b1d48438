"""Writes harmless models with the real libraries this Python has, for comparing verdicts against them.

    python3 bench/scan/make-benign.py FOLDER

Nothing here is needed by the product or its tests. What a machine has not installed is left out and said so.
"""

import collections
import datetime
import decimal
import fractions
import io
import os
import pathlib
import pickle
import random
import re
import sys
import traceback
import uuid
import warnings

warnings.filterwarnings("ignore")
OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "benign")
OUT.mkdir(parents=True, exist_ok=True)
ONLY = set(sys.argv[2:])
WRITTEN = collections.Counter()


def part(function):
    """Runs one library's part; a library that is absent or changed costs only its own part."""
    name = function.__name__
    if ONLY and name not in ONLY:
        return function
    try:
        function(lambda path: place(name, path))
    except Exception:  # noqa: BLE001
        sys.stderr.write(f"{name}: {traceback.format_exc(limit=2)}\n")
    sys.stderr.write(f"{name}: {WRITTEN[name]} files\n")
    return function


def place(name, path):
    WRITTEN[name] += 1
    full = OUT / name / path
    full.parent.mkdir(parents=True, exist_ok=True)
    return str(full)


def protocols(at, stem, value, which=(0, 1, 2, 3, 4, 5)):
    for protocol in which:
        try:
            data = pickle.dumps(value, protocol=protocol)
        except Exception:  # noqa: BLE001
            continue
        with open(at(f"{stem}.p{protocol}.pkl"), "wb") as file:
            file.write(data)


@part
def builtin(at):
    now = datetime.datetime(2026, 11, 22, 1, 2, 3, tzinfo=datetime.timezone.utc)
    values = {
        "containers": {"a": [1, 2.5, None, True], "b": (1, 2), "c": {1, 2}, "d": frozenset("xy"), "e": bytearray(b"xy"), "f": 2**70},
        "ordered": collections.OrderedDict(a=1, b=2),
        "defaults": collections.defaultdict(list, {"a": [1]}),
        "defaults-int": collections.defaultdict(int, {"a": 1}),
        "deque": collections.deque([1, 2], maxlen=5),
        "counter": collections.Counter("hello"),
        "chain": collections.ChainMap({"a": 1}, {"b": 2}),
        "times": [now, now.date(), now.time(), datetime.timedelta(days=1), datetime.timezone(datetime.timedelta(hours=1))],
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), complex(1, 2)],
        "uuid": uuid.UUID(int=5),
        "paths": [pathlib.PurePosixPath("/a/b"), pathlib.PosixPath("x")],
        "pattern": re.compile("a+b", re.I),
        "slices": [slice(1, 2), range(3), Ellipsis, NotImplemented, type(None)],
        "types": [int, float, str, dict, list, object],
        "random": random.Random(4),
        "strings": ["plain", "ü", "日本", "a\nb", "'quoted'", "\\", "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace")],
        "bytes": [b"", b"abc", bytes(range(256)), b"x" * 70000],
        "shared": (lambda x: [x, x, (x, x)])([1]),
        "bound": [[1, 2].count, {"a": 1}.get],
        "functions": [len, max, sorted],
        "error": ValueError("wrong"),
        "large": list(range(20000)),
        "vocabulary": {f"word{i}": i for i in range(5000)},
    }
    for name, value in values.items():
        protocols(at, name, value)


@part
def numpy(at):
    import numpy as np

    rng = np.random.default_rng(1)
    kinds = "? b h i l q B H I L Q e f d g F D".split()
    arrays = {f"kind-{i}": np.arange(12).astype(kind).reshape(3, 4) for i, kind in enumerate(kinds)}
    arrays.update(
        text=np.array(["a", "bcd"]), bytes=np.array([b"a", b"bcd"]), objects=np.array([1, "a", None, {"k": 2}], dtype=object),
        times=np.array(["2026-01-01", "2026-02-01"], dtype="datetime64[D]"), spans=np.array([1, 2], dtype="timedelta64[s]"),
        record=np.array([(1, 2.0, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")]), empty=np.zeros((0, 3)), scalar=np.array(5.0),
        fortran=np.asfortranarray(rng.normal(size=(5, 6))), big=rng.normal(size=(300, 300)), swapped=np.arange(4, dtype=">i4"),
        masked=np.ma.masked_array([1, 2, 3], mask=[0, 1, 0]), matrix=np.matrix([[1, 2]]), recarray=np.rec.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")]),
    )
    for name, value in arrays.items():
        if name != "masked":
            np.save(at(f"{name}.npy"), value, allow_pickle=True)
        protocols(at, name, value, (0, 2, 4, 5))
    np.savez(at("several.npz"), **{k: v for k, v in arrays.items() if v.dtype != object and k not in ("masked",)})
    np.savez_compressed(at("compressed.npz"), a=arrays["big"], b=arrays["objects"])
    things = {
        "scalars": [np.float64(1.5), np.float32(2), np.int64(3), np.bool_(True), np.str_("x"), np.bytes_(b"x"), np.datetime64("2026-01-01")],
        "dtypes": [np.dtype("f4"), np.dtype([("a", "i4")]), np.dtype("U5"), np.float32, np.int64],
        "generator": rng, "random-state": np.random.RandomState(3), "functions": [np.exp, np.add, np.mean], "poly": np.polynomial.Polynomial([1, 2]),
        "poly1d": np.poly1d([1, 2]), "seed": np.random.SeedSequence(5), "philox": np.random.Generator(np.random.Philox(5)),
    }
    for name, value in things.items():
        protocols(at, name, value, (2, 4, 5))


@part
def sklearn(at):
    import joblib
    import numpy as np
    from sklearn.base import clone
    from sklearn.datasets import load_iris
    from sklearn.utils import all_estimators

    X, y = load_iris(return_X_y=True)
    X = abs(X[::3]); y = y[::3]
    words = (["a text about cats", "a text about dogs", "cats and dogs"] * 17)[: len(y)]
    import sklearn.linear_model as lm
    special = {"estimator": lm.LogisticRegression(), "base_estimator": lm.LogisticRegression(), "estimators": [("a", lm.LogisticRegression()), ("b", lm.RidgeClassifier())],
               "transformer_list": [("a", __import__("sklearn.preprocessing").preprocessing.StandardScaler())],
               "transformers": [("a", __import__("sklearn.preprocessing").preprocessing.StandardScaler(), [0, 1])], "steps": [("s", __import__("sklearn.preprocessing").preprocessing.StandardScaler()), ("m", lm.LogisticRegression())],
               "param_grid": {"C": [0.1, 1]}, "param_distributions": {"C": [0.1, 1]}, "regressor": lm.Ridge()}
    for n, (name, kind) in enumerate(all_estimators()):
        import inspect
        try:
            wanted = inspect.signature(kind).parameters
            model = kind(**{k: v for k, v in special.items() if k in wanted and (wanted[k].default is inspect.Parameter.empty or k == "estimator")})
            if "Regressor" in name or name in ("Ridge",):
                for key in ("estimator", "base_estimator"):
                    if key in wanted:
                        model.set_params(**{key: lm.Ridge()})
        except Exception:  # noqa: BLE001
            continue
        for data in ((X, y), (words, y), (X, np.eye(3)[y]), (X[:, :1], y), (y, y), (X[:, 0], y)):
            try:
                model.fit(*data)
                break
            except Exception:  # noqa: BLE001
                continue
        which = [(2, 4), (0, 5), (3, 4), (1, 5)][n % 4]
        protocols(at, name, model, which)
        compress = [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)][n % 7]
        try:
            joblib.dump(model, at(f"{name}.joblib"), compress=compress)
        except Exception:  # noqa: BLE001
            joblib.dump(model, at(f"{name}.joblib"), compress=0)
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    pipes = {
        "pipe-text": make_pipeline(TfidfVectorizer(), MultinomialNB()).fit(words, y),
        "pipe-log": make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), RandomForestClassifier(5)).fit(X, y),
        "pipe-columns": make_pipeline(ColumnTransformer([("n", StandardScaler(), [0, 1]), ("c", OneHotEncoder(handle_unknown="ignore"), [2])]), GradientBoostingClassifier(n_estimators=3)).fit(X, y),
        "grid": GridSearchCV(lm.LogisticRegression(), {"C": [0.1, 1]}, cv=2).fit(X, y),
        "bunch": load_iris(),
    }
    for name, value in pipes.items():
        protocols(at, name, value, (2, 4, 5))
        joblib.dump(value, at(f"{name}.joblib"))
        joblib.dump(value, at(f"{name}.joblib.z"), compress=3)


@part
def scipy(at):
    import numpy as np
    import scipy.interpolate as si
    import scipy.sparse as sp
    import scipy.spatial as ss
    import scipy.stats as st

    matrix = sp.random(20, 20, 0.2, random_state=1)
    for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
        protocols(at, f"sparse-{kind}", matrix.asformat(kind), (2, 4, 5))
        protocols(at, f"sparse-array-{kind}", sp.coo_array(matrix).asformat(kind), (4,))
    sp.save_npz(at("sparse.npz"), matrix.tocsr())
    things = {
        "kde": st.gaussian_kde(np.random.rand(50)), "norm": st.norm(1, 2), "gamma": st.gamma(2.0), "interp": si.interp1d([1, 2, 3], [2, 3, 4]),
        "spline": si.CubicSpline([1, 2, 3], [1, 4, 9]), "tree": ss.cKDTree(np.random.rand(20, 3)), "kdtree": ss.KDTree(np.random.rand(20, 3)),
        "bspline": si.BSpline([0, 0, 1, 1], [1, 2], 1), "rotation": ss.transform.Rotation.from_euler("z", 1), "norm-gen": st.norm,
    }
    for name, value in things.items():
        protocols(at, name, value, (2, 4, 5))


@part
def pandas(at):
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "c": pd.to_datetime(["2026-01-01"] * 3), "d": pd.Categorical(["u", "v", "u"]), "e": [1.5, np.nan, 2], "f": [True, False, True]})
    values = {
        "frame": frame, "series": frame["a"], "strings": frame["b"], "index": frame.index, "multi": frame.set_index(["a", "b"]), "dates": pd.date_range("2026-01-01", periods=5), "stamp": pd.Timestamp("2026-01-01"),
        "stamp-zone": pd.Timestamp("2026-01-01", tz="Europe/Zurich"), "delta": pd.Timedelta("1D"), "period": pd.period_range("2026-01", periods=3, freq="M"), "interval": pd.interval_range(0, 3), "nullable": pd.array([1, None], dtype="Int64"),
        "boolean": pd.array([True, None], dtype="boolean"), "string-dtype": pd.array(["a", None], dtype="string"), "sparse": pd.arrays.SparseArray([0, 0, 1]), "categories": frame["d"], "na": pd.NA, "nat": pd.NaT, "offset": pd.offsets.BDay(2),
        "range": pd.RangeIndex(5), "float32": frame[["e"]].astype("float32"), "zones": pd.date_range("2026", periods=3, tz="UTC"), "groups": frame.groupby("d"), "cut": pd.cut([1, 2, 3], 2), "arrow": frame.convert_dtypes(),
        "floats": pd.array([1.5, None], dtype="Float64"), "month-end": pd.offsets.MonthEnd(), "timedeltas": pd.to_timedelta([1, 2], unit="D"), "freq": pd.date_range("2026", periods=3, freq="W"),
    }
    for name, value in values.items():
        protocols(at, name, value, (2, 4, 5))
    for ending in ("gz", "bz2", "xz", "zip", "zst", "tar", "tar.gz"):
        try:
            frame.to_pickle(at(f"frame.pkl.{ending}"))
        except Exception as fault:  # noqa: BLE001
            sys.stderr.write(f"pandas {ending}: {fault}\n")
    frame.to_parquet(at("frame.parquet"))
    frame.to_csv(at("frame.csv"))


@part
def torch(at):
    import torch as t
    from torch import nn

    t.manual_seed(1)
    kinds = [t.float32, t.float16, t.bfloat16, t.float64, t.int8, t.int16, t.int32, t.int64, t.uint8, t.bool, t.complex64, t.float8_e4m3fn, t.uint16]
    nets = {
        "linear": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), "conv": nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout()),
        "lstm": nn.LSTM(4, 8, 2), "gru": nn.GRU(4, 8), "transformer": nn.TransformerEncoderLayer(8, 2), "attention": nn.MultiheadAttention(8, 2), "embedding": nn.Embedding(10, 4),
        "modules": nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.ModuleList([nn.GELU(), nn.LayerNorm(4)])}), "big": nn.Linear(600, 600), "encoder": nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2),
        "parameters": nn.ParameterList([nn.Parameter(t.rand(2))]), "transpose": nn.ConvTranspose2d(3, 3, 2), "norms": nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4), nn.LocalResponseNorm(2), nn.Softmax(1), nn.Sigmoid(), nn.Tanh(), nn.LeakyReLU(), nn.SiLU(), nn.Hardswish(), nn.ELU(), nn.PReLU(), nn.AdaptiveAvgPool2d(1), nn.AvgPool2d(2), nn.Upsample(2), nn.Identity(), nn.ReLU6(), nn.Softplus(), nn.Mish(), nn.ZeroPad2d(1), nn.Unflatten(1, (2, 2)), nn.PixelShuffle(2)),
    }
    for name, net in nets.items():
        t.save(net.state_dict(), at(f"{name}.state.pt"))
        t.save(net.state_dict(), at(f"{name}.state.legacy.pth"), _use_new_zipfile_serialization=False)
        t.save(net, at(f"{name}.whole.pt"))
        t.save(net, at(f"{name}.whole.legacy.pth"), _use_new_zipfile_serialization=False)
        protocols(at, name, net, (2, 4))
    for kind in kinds:
        value = t.ones(3, 4).to(kind)
        t.save(value, at(f"tensor-{str(kind)[6:]}.pt"))
        t.save({"x": value}, at(f"tensor-{str(kind)[6:]}.p4.pt"), pickle_protocol=4)
    net = nets["linear"]
    for name, kind in (("adam", t.optim.Adam), ("sgd", t.optim.SGD), ("adamw", t.optim.AdamW), ("rmsprop", t.optim.RMSprop)):
        optimiser = kind(net.parameters(), lr=0.1)
        net(t.rand(2, 4)).sum().backward()
        optimiser.step()
        t.save({"epoch": 3, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimiser.state_dict(), "loss": 0.5, "rng": t.get_rng_state(), "args": {"lr": 0.1}}, at(f"checkpoint-{name}.ckpt"))
        t.save(optimiser, at(f"optimiser-{name}.pt"))
        scheduler = t.optim.lr_scheduler.StepLR(optimiser, 3)
        t.save(scheduler.state_dict(), at(f"scheduler-{name}.pt"))
    t.save([t.rand(3).to_sparse(), t.nn.Parameter(t.rand(2)), t.Size([1, 2]), t.device("cpu"), t.float32, t.rand(2, 3).t(), t.quantize_per_tensor(t.rand(3), 0.1, 0, t.quint8)], at("odd.pt"))
    t.save(t.rand(2, requires_grad=True), at("grad.pt"))
    import argparse
    t.save({"args": argparse.Namespace(lr=0.1), "state": net.state_dict()}, at("namespace.pt"))
    t.jit.save(t.jit.script(net), at("scripted.pt"))
    t.jit.save(t.jit.trace(nets["conv"].eval(), t.rand(1, 3, 8, 8)), at("traced.torchscript.pt"))
    t.save(t.utils.data.TensorDataset(t.rand(3)), at("dataset.pt"))
    buffer = io.BytesIO(); t.save(net.state_dict(), buffer)
    protocols(at, "tensor", t.rand(3), (2, 4, 5))
    t.save(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)).state_dict(), at("weightnorm.pt"))
    import torchvision  # last: it must fit this torch
    for name in ("resnet18", "mobilenet_v3_small", "vit_b_16"):
        model = getattr(torchvision.models, name)()
        if name != "vit_b_16":
            t.save(model, at(f"{name}.whole.pt"))
            t.save(model.state_dict(), at(f"{name}.state.pt"))


@part
def lightgbm(at):
    import joblib
    import lightgbm as lgb
    import numpy as np

    X = np.random.rand(60, 4); y = (X[:, 0] > 0.5).astype(int)
    for name, kind in (("classifier", lgb.LGBMClassifier), ("regressor", lgb.LGBMRegressor), ("ranker", lgb.LGBMRanker)):
        model = kind(n_estimators=3, verbose=-1)
        model.fit(X, y, **({"group": [60]} if name == "ranker" else {}))
        protocols(at, name, model, (2, 4, 5)); joblib.dump(model, at(f"{name}.joblib"))
        protocols(at, f"{name}-booster", model.booster_, (2, 4))
        model.booster_.save_model(at(f"{name}.txt"))


@part
def statsmodels(at):
    import numpy as np
    import statsmodels.api as sm

    X = sm.add_constant(np.random.rand(40, 2)); y = np.random.rand(40)
    protocols(at, "ols", sm.OLS(y, X).fit(), (4,)); sm.OLS(y, X).fit().save(at("ols.pickle"))
    protocols(at, "logit", sm.Logit((y > 0.5).astype(int), X).fit(disp=0), (4,))
    protocols(at, "glm", sm.GLM(y, X).fit(), (2, 4))


@part
def persisted(at):
    import cloudpickle
    import dill
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC
    import numpy as np

    model = LogisticRegression().fit(np.random.rand(20, 2), [0, 1] * 10)
    for name, value in {"logistic": model, "svc": SVC().fit(np.random.rand(20, 2), [0, 1] * 10), "array": np.arange(5), "plain": {"a": [1, 2]}}.items():
        with open(at(f"{name}.dill"), "wb") as file:
            dill.dump(value, file)
        with open(at(f"{name}.cloudpickle"), "wb") as file:
            cloudpickle.dump(value, file)


@part
def graphs(at):
    import networkx as nx
    import sympy
    import xarray as xr

    protocols(at, "graph", nx.path_graph(4), (2, 4)); protocols(at, "digraph", nx.DiGraph([(1, 2)]), (4,))
    protocols(at, "xarray", xr.DataArray([1, 2], dims="x"), (4,)); protocols(at, "xset", xr.Dataset({"a": ("x", [1])}), (4,))
    x = sympy.Symbol("x"); protocols(at, "sympy", x**2 + 1, (4,))


@part
def spacy(at):
    import spacy as sp

    nlp = sp.blank("en"); nlp.add_pipe("sentencizer")
    nlp.to_disk(at("blank"))
    sp.tokens.DocBin(docs=[nlp("a text")]).to_disk(at("docs.spacy"))
    protocols(at, "doc", nlp("a text"), (4,))


@part
def nltk(at):
    import nltk as n

    protocols(at, "bayes", n.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")]), (2, 4))
    protocols(at, "frequencies", n.FreqDist("hello"), (2, 4)); protocols(at, "stemmer", n.PorterStemmer(), (2, 4))
    protocols(at, "tagger", n.UnigramTagger([[("a", "DT")]]), (4,)); protocols(at, "tree", n.Tree("S", ["a"]), (4,))


@part
def keras(at):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras as k
    from keras import layers as L

    def nets():
        yield "dense", k.Sequential([k.Input((4,)), L.Dense(8, activation="relu"), L.Dropout(0.1), L.Dense(2, activation="softmax")])
        yield "conv", k.Sequential([k.Input((8, 8, 3)), L.Conv2D(4, 3, kernel_regularizer="l2"), L.BatchNormalization(), L.MaxPooling2D(), L.GlobalAveragePooling2D(), L.Dense(1)])
        yield "lstm", k.Sequential([k.Input((5, 3)), L.Bidirectional(L.LSTM(4)), L.Dense(1)])
        yield "gru", k.Sequential([k.Input((5,)), L.Embedding(10, 4), L.GRU(4), L.Dense(2)])
        a = k.Input((4,)); b = L.Dense(4)(a); yield "functional", k.Model(a, L.Add()([a, b]))
        yield "nested", k.Sequential([k.Input((4,)), k.Sequential([L.Dense(3)]), L.LayerNormalization(), L.Rescaling(1 / 255)])
        yield "augment", k.Sequential([k.Input((8, 8, 3)), L.RandomFlip(), L.RandomRotation(0.1), L.Normalization(mean=0.0, variance=1.0), L.Flatten(), L.Dense(2)])
        q = k.Input((5, 4)); yield "attention", k.Model(q, L.MultiHeadAttention(2, 2)(q, q))
        yield "time", k.Sequential([k.Input((3, 4)), L.TimeDistributed(L.Dense(2)), L.Conv1D(2, 2), L.ReLU(), L.LeakyReLU(), L.PReLU()])
        yield "names", k.Sequential([k.Input((4,), name="lambda_input"), L.Dense(2, name="get_file_head")])
        yield "ops", k.Sequential([k.Input((4,)), L.Activation("swish"), L.UnitNormalization(), L.Reshape((2, 2)), L.Permute((2, 1)), L.ZeroPadding1D(1)])

    for name, net in nets():
        if name != "ops":
            net.compile("adam", "mse", metrics=["mae"])
        net.save(at(f"{name}.keras"))
        net.save(at(f"{name}.h5"))
        net.save_weights(at(f"{name}.weights.h5"))
        with open(at(f"{name}.json"), "w") as file:
            file.write(net.to_json())
        protocols(at, name, net, (4,))


@part
def tensorflow(at):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    class Twice(tf.Module):
        def __init__(self):
            self.v = tf.Variable(2.0)

        @tf.function(input_signature=[tf.TensorSpec([None, 3])])
        def __call__(self, x):
            return tf.nn.relu(tf.matmul(x, tf.ones([3, 2])) * self.v)

    tf.saved_model.save(Twice(), at("twice"))
    net = tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(2)])
    net.export(at("exported"))
    open(at("dense.tflite"), "wb").write(tf.lite.TFLiteConverter.from_concrete_functions([tf.function(lambda x: net(x)).get_concrete_function(tf.TensorSpec([1, 4]))]).convert())
    graph = tf.function(lambda x: tf.nn.softmax(x)).get_concrete_function(tf.TensorSpec([1, 4])).graph.as_graph_def()
    open(at("frozen.pb"), "wb").write(graph.SerializeToString())
    tf.train.Checkpoint(m=Twice()).save(at("checkpoint/ckpt"))
    with tf.io.TFRecordWriter(at("data.tfrecord")) as writer:
        writer.write(b"hello")


@part
def onnx(at):
    import numpy as np
    import onnx as o
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.random.rand(4, 2).astype("f"), "w")
    for name, nodes in {
        "gemm": [helper.make_node("MatMul", ["x", "w"], ["y"])], "relu": [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        "microsoft": [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Gelu", ["h"], ["y"], domain="com.microsoft")],
        "ml": [helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml", offset=[0.0], scale=[1.0])],
    }.items():
        graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])], [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1), helper.make_opsetid("ai.onnx.ml", 3)])
        o.save(model, at(f"{name}.onnx"))
        o.save_model(model, at(f"external/{name}.onnx"), save_as_external_data=True, location=f"{name}.bin", size_threshold=0)
    import torch as t
    try:
        t.onnx.export(t.nn.Linear(3, 2), t.rand(1, 3), at("torch.onnx"), dynamo=False)
    except Exception as fault:  # noqa: BLE001
        sys.stderr.write(f"torch.onnx: {fault}\n")


@part
def gguf(at):
    import gguf as g
    import numpy as np

    for n, template in enumerate((None, "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}", "{{ bos_token }}{% set ns = namespace(found=false) %}{% for m in messages if m.role != 'system' %}{{ m.content | trim }}{% endfor %}")):
        writer = g.GGUFWriter(at(f"small-{n}.gguf"), "llama")
        writer.add_block_count(1); writer.add_context_length(64); writer.add_embedding_length(8); writer.add_head_count(1)
        writer.add_tokenizer_model("llama"); writer.add_token_list([f"t{i}" for i in range(50)]); writer.add_token_scores([0.0] * 50)
        if template:
            writer.add_chat_template(template)
        writer.add_tensor("a.weight", np.ones((8, 4), dtype=np.float32)); writer.add_tensor("b.weight", np.ones((3,), dtype=np.float16))
        writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()


@part
def safetensors(at):
    import numpy as np
    import safetensors.numpy as s

    for n in range(8):
        s.save_file({f"layer.{i}.weight": np.ones((i + 1, 3), dtype=[np.float32, np.float16, np.int64, np.uint8][i % 4]) for i in range(n)}, at(f"model-{n}.safetensors"), metadata={"format": "pt"} if n % 2 else None)


@part
def transformers(at):
    import transformers as tr

    for name, kind in (("bert", tr.BertConfig), ("gpt2", tr.GPT2Config), ("llama", tr.LlamaConfig), ("t5", tr.T5Config), ("vit", tr.ViTConfig)):
        small = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 8, "vocab_size": 30}
        config = kind(**({} if name in ("gpt2", "t5") else small))
        if name == "gpt2":
            config = kind(n_embd=8, n_layer=1, n_head=2, vocab_size=30)
        if name == "t5":
            config = kind(d_model=8, num_layers=1, num_heads=2, d_kv=4, d_ff=8, vocab_size=30)
        model = tr.AutoModel.from_config(config)
        model.save_pretrained(at(name))
        import torch as t
        t.save(model.state_dict(), at(f"{name}/pytorch_model.bin"))
        t.save(model, at(f"{name}/whole.pt"))
        t.save(tr.TrainingArguments(output_dir="x"), at(f"{name}/training_args.bin"))
    from tokenizers import Tokenizer, models, pre_tokenizers
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 1, "[UNK]": 2}, unk_token="[UNK]")); tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = tr.PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template="{% for message in messages %}{{ message['content'] }}{% endfor %}")
    fast.save_pretrained(at("tokenizer"))
    protocols(at, "tokenizer-object", fast, (4,))


@part
def flax(at):
    import flax.serialization as fs
    import numpy as np

    open(at("params.msgpack"), "wb").write(fs.to_bytes({"dense": {"kernel": np.ones((3, 2), "f"), "bias": np.zeros(2)}}))
    open(at("flax_model.msgpack"), "wb").write(fs.to_bytes({"step": 3, "params": {"a": np.ones(5)}}))


@part
def adapters(at):
    import peft
    import transformers as tr

    model = tr.AutoModel.from_config(tr.BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1, intermediate_size=8, vocab_size=30))
    peft.get_peft_model(model, peft.LoraConfig(target_modules=["query"])).save_pretrained(at("lora"))
    import timm
    import torch as t
    t.save(timm.create_model("resnet10t").state_dict(), at("timm.pth"))
    t.save(timm.create_model("resnet10t"), at("timm-whole.pth"))


@part
def explainers(at):
    import numpy as np
    import shap
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(3).fit(np.random.rand(20, 2), [0, 1] * 10)
    protocols(at, "tree", shap.TreeExplainer(model), (4,))


sys.stderr.write(f"{sum(WRITTEN.values())} files\n")
