"""Topics of the benches' broker: made, measured and deleted."""

import time

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from contract import BOOTSTRAP

PARTITIONS = 4
admin = AdminClient({"bootstrap.servers": BOOTSTRAP, "enable.metrics.push": False})


def check_broker(cluster_id):
    found = admin.list_topics(timeout=10).cluster_id
    assert found == cluster_id, f"not the benches' broker: another server ({found}) owns {BOOTSTRAP}"


def exists(topic):
    return topic in admin.list_topics().topics


def ends(topic):
    found = admin.list_offsets({TopicPartition(topic, p): OffsetSpec.latest() for p in range(PARTITIONS)})
    return {key.partition: future.result().offset for key, future in found.items()}


def create(topic, **config):
    admin.create_topics([NewTopic(topic, PARTITIONS, 1, config=config)])[topic].result()
    for _ in range(600):
        try:
            ends(topic)
            return topic
        except Exception:
            time.sleep(0.1)
    raise TimeoutError(f"{topic} was created and does not answer")


def delete(names):
    admin.delete_topics(names)
    time.sleep(0.3)


def lag(group, topic):
    """Records of the topic that the group did not commit; all of them when it never committed."""
    try:
        found = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result()
        committed = {tp.partition: tp.offset for tp in found.topic_partitions if tp.topic == topic}
    except Exception:
        committed = {}
    return sum(end - max(0, committed.get(p, 0)) for p, end in ends(topic).items())
