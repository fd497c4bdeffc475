"""Bytewax: flat_map_batch is its documented hook for work that is cheaper in batches (KafkaSource batch 500)."""

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow

from contract import BOOTSTRAP, IN_TOPIC, OUT_TOPIC, Model, dumps, first, infer, loads

model = Model()


def predict(messages):
    first()
    messages = list(messages)
    answers = infer([loads(m.value) for m in messages], model)
    return [KafkaSinkMessage(m.key, dumps(answer)) for m, answer in zip(messages, answers)]


flow = Dataflow("peer")
source = kafka.input("in", flow, brokers=[BOOTSTRAP], topics=[IN_TOPIC], batch_size=500)
predicted = op.flat_map_batch("predict", source.oks, predict)
kafka.output("out", predicted, brokers=[BOOTSTRAP], topic=OUT_TOPIC)
