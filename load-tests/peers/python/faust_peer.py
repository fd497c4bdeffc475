"""faust-streaming: an agent with stream.take(), which acks its events only when the loop comes back for the next."""

import asyncio
import os
import tempfile

import faust

from contract import BOOTSTRAP, GROUP, IN_TOPIC, MAX_WAIT_MS, OUT_TOPIC, Model, dumps, first, infer, loads

model = Model()
app = faust.App(
    GROUP,
    broker=f"kafka://{BOOTSTRAP}",
    web_enabled=False,
    datadir=tempfile.mkdtemp(dir=os.environ.get("RUN_DIR")),
    topic_partitions=4,
    topic_disable_leader=True,
    consumer_auto_offset_reset="earliest",
    stream_buffer_maxsize=8192,
    stream_wait_empty=False,
)
source = app.topic(IN_TOPIC, value_type=bytes, value_serializer="raw", key_type=str, key_serializer="raw")
target = app.topic(OUT_TOPIC, value_serializer="raw", key_serializer="raw")


@app.agent(source)
async def process(stream):
    async for events in stream.take_events(500, within=MAX_WAIT_MS / 1000):
        first()
        answers = infer([loads(event.value) for event in events], model)
        acks = [await target.send(key=e.key, value=dumps(a).encode()) for e, a in zip(events, answers)]
        await asyncio.gather(*acks)


app.main()
