"""Drives facet-engine serve with the openai package, as its users do: BASE_URL TOKEN PICTURE."""

import base64
import math
import sys

import openai

url, token, picture = sys.argv[-3:]
client = openai.OpenAI(base_url=url, api_key=token, max_retries=0)
data = "data:image/png;base64," + base64.b64encode(open(picture, "rb").read()).decode()
question = [{"role": "user", "content": "Where is the star?"}]
seeing = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data}},
                                       {"type": "text", "text": "What colour is the star?"}]}]


def refused(kind, status, **arguments):
    try:
        client.chat.completions.create(**{"model": "demo", "messages": question, **arguments})
    except kind as error:
        assert error.status_code == status, error
        return error
    raise AssertionError(f"{arguments} was taken")


assert [model.id for model in client.models.list()] == ["demo"]
assert client.models.retrieve("demo").id == "demo"

# Whole, and in a stream.
whole = client.chat.completions.create(model="demo", messages=seeing, temperature=0)
assert whole.object == "chat.completion" and whole.choices[0].message.role == "assistant"
assert whole.choices[0].finish_reason == "stop" and whole.choices[0].message.content
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
assert whole.usage.prompt_tokens_details.image_tokens == 36
chunks = list(client.chat.completions.create(model="demo", messages=seeing, temperature=0, stream=True,
                                             stream_options={"include_usage": True}))
assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
assert chunks[-1].usage.prompt_tokens_details.cached_tokens == whole.usage.prompt_tokens
assert len({c.id for c in chunks}) == 1

# A conversation whose answers come back.
turns = seeing + [{"role": "assistant", "content": whole.choices[0].message.content},
                  {"role": "user", "content": "How many shapes are there?"}]
second = client.chat.completions.create(model="demo", messages=turns, temperature=0)
assert second.usage.prompt_tokens_details.cached_tokens >= whole.usage.total_tokens

# Log-probabilities: the best token is what temperature 0 takes, and they are of a distribution.
logged = client.chat.completions.create(model="demo", messages=question, temperature=0, logprobs=True, top_logprobs=3)
content = logged.choices[0].logprobs.content
assert "".join(entry.token for entry in content) == logged.choices[0].message.content
for entry in content:
    assert len(entry.top_logprobs) == 3 and entry.top_logprobs[0].logprob == entry.logprob
    assert sum(math.exp(top.logprob) for top in entry.top_logprobs) <= 1 + 1e-6
    assert bytes(entry.bytes).decode() == entry.token

# n, seed, stop, max_tokens, penalties.
several = client.chat.completions.create(model="demo", messages=question, n=3, temperature=3, seed=11, max_tokens=9)
assert [choice.index for choice in several.choices] == [0, 1, 2]
assert len({choice.message.content for choice in several.choices}) > 1
again = client.chat.completions.create(model="demo", messages=question, n=3, temperature=3, seed=11, max_tokens=9)
assert [c.message.content for c in again.choices] == [c.message.content for c in several.choices]
plain = client.chat.completions.create(model="demo", messages=question, temperature=0).choices[0].message.content
word = plain.split()[2]
stopped = client.chat.completions.create(model="demo", messages=question, temperature=0, stop=[word, "never"])
assert stopped.choices[0].message.content == plain[:plain.index(word)], (plain, stopped)
assert stopped.choices[0].finish_reason == "stop"
short = client.chat.completions.create(model="demo", messages=question, temperature=0, max_tokens=2)
assert short.choices[0].finish_reason == "length" and short.usage.completion_tokens == 2
assert plain.startswith(short.choices[0].message.content)
client.chat.completions.create(model="demo", messages=question, presence_penalty=1, frequency_penalty=1, top_p=0.9,
                               max_completion_tokens=3, user="me", extra_body={"top_k": 5, "min_p": 0.1,
                                                                               "repetition_penalty": 1.1})

# Text completions, one and several.
text = client.completions.create(model="demo", prompt=["The star", "A ring"], max_tokens=5, temperature=0, logprobs=2)
assert [choice.index for choice in text.choices] == [0, 1] and text.object == "text_completion"
logprobs = text.choices[0].logprobs
assert "".join(logprobs.tokens) == text.choices[0].text
assert logprobs.top_logprobs[0][logprobs.tokens[0]] == logprobs.token_logprobs[0]
pieces = list(client.completions.create(model="demo", prompt="The star", max_tokens=5, temperature=0, stream=True))
assert "".join(piece.choices[0].text for piece in pieces if piece.choices) == text.choices[0].text

# What is wrong is an exception of the right kind.
assert refused(openai.BadRequestError, 400, temperature=-1).param == "temperature"
assert refused(openai.BadRequestError, 400, messages=[]).param == "messages"
assert "2048" in refused(openai.BadRequestError, 400, messages=[{"role": "user", "content": "star " * 3000}]).message
assert refused(openai.NotFoundError, 404, model="gpt-4o").code == "model_not_found"
broken = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data[:500]}}]}]
refused(openai.BadRequestError, 400, messages=broken)
try:
    openai.OpenAI(base_url=url, api_key="wrong", max_retries=0).models.list()
    raise AssertionError("a wrong token was taken")
except openai.AuthenticationError:
    pass
print("all is well")
