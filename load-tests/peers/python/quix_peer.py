"""Quix Streams: sdf.apply per record (its count windows are per message key, so they cannot batch across users)."""

from quixstreams import Application

from contract import BOOTSTRAP, GROUP, IN_TOPIC, OUT_TOPIC, Model, first, infer

model = Model()
app = Application(
    broker_address=BOOTSTRAP, consumer_group=GROUP, auto_offset_reset="earliest", loglevel="WARNING"
)
source = app.topic(IN_TOPIC, value_deserializer="json", key_deserializer="str")
target = app.topic(OUT_TOPIC, value_serializer="json", key_serializer="str")


def predict(record):
    first()
    return infer([record], model)[0]


stream = app.dataframe(source).apply(predict).to_topic(target)
app.run()
