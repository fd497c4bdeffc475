# Asks the door with Triton's own client, as its users do; prints what it got as one line of JSON.
import json
import sys

import numpy as np
import tritonclient.http as triton

client = triton.InferenceServerClient(sys.argv[1])
texts = np.array(["you stupid idiot", "häppy day 😀"], dtype=object)


def ask(binary):
    tensor = triton.InferInput("text", [2], "BYTES")
    tensor.set_data_from_numpy(texts, binary_data=binary)
    outputs = None
    if not binary:
        names = ["probabilities", "label"]
        outputs = [triton.InferRequestedOutput(name, binary_data=False) for name in names]
    answer = client.infer("toxicity", [tensor], outputs=outputs, request_id="r1")
    labels = [label if isinstance(label, str) else label.decode() for label in answer.as_numpy("label")]
    return {"id": answer.get_response()["id"], "labels": labels, "shape": list(answer.as_numpy("probabilities").shape)}


try:
    tensor = triton.InferInput("text", [2], "BYTES")
    tensor.set_data_from_numpy(texts)
    client.infer("nobody", [tensor])
    refused = None
except triton.InferenceServerException as error:
    refused = [error.status(), error.message()]

print(
    json.dumps(
        {
            "well": [client.is_server_live(), client.is_server_ready(), client.is_model_ready("toxicity")],
            "server": client.get_server_metadata()["name"],
            "outputs": [output["name"] for output in client.get_model_metadata("toxicity")["outputs"]],
            "binary": ask(True),
            "json": ask(False),
            "refused": refused,
        }
    )
)
