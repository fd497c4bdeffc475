"""Plain confluent-kafka + onnxruntime: consume(500), infer, produce, commit after flush."""

import signal

from confluent_kafka import Consumer, Producer

from contract import BOOTSTRAP, GROUP, IN_TOPIC, MAX_WAIT_MS, OUT_TOPIC, Model, dumps, first, infer, loads

running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
model = Model()
reading = {"group.id": GROUP, "auto.offset.reset": "earliest", "enable.auto.commit": False}
consumer = Consumer({"bootstrap.servers": BOOTSTRAP, **reading})
producer = Producer({"bootstrap.servers": BOOTSTRAP, "queue.buffering.max.messages": 200000})
consumer.subscribe([IN_TOPIC])
while running:
    messages = [m for m in consumer.consume(500, timeout=MAX_WAIT_MS / 1000) if not m.error()]
    if not messages:
        continue
    first()
    for message, answer in zip(messages, infer([loads(m.value()) for m in messages], model)):
        producer.produce(OUT_TOPIC, key=message.key(), value=dumps(answer))
    producer.flush()
    consumer.commit(asynchronous=False)
consumer.close()
