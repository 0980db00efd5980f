"""Models behind an API that answers as OpenAI's embeddings API does: a provider's, or a server of one's own."""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import ModelUnavailableError, reason_of
from generator.models.encoder import Settings, Vectors, at_unit_length
from generator.models.registry import Endpoint, Model
from generator.redaction import without, without_secrets

if TYPE_CHECKING:
    from openai import OpenAI, OpenAIError

ADDRESS = re.compile(r"https?://(?P<place>([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?(/[^?#\s]*)?)")
# With the SDK's waits, which double up to 8 s, nearly the minute that providers count requests by.
MAX_RETRIES = 10
# A text has no more tokens than bytes, whatever the tokeniser, and providers take 120,000 tokens a request or more.
MAX_BYTES = 100_000
SHOWN_CHARACTERS = 300
PART_OF_KEY = 4
"""As many of its characters in a row are not shown."""

LATER = "Check base_url, or try again later: what is encoded by now is kept"
ENTRY = "Correct the model's entry: its source, prompt, base_url or batch"
REPORT = "Report it to whoever runs that server"


class ApiEncoder:
    """A model that an OpenAI-compatible API serves.

    The key is read from the environment variable that the model's endpoint names, and is sent to that endpoint only.
    The model's options are fields of every request, such as ``input_type`` or ``dimensions``.
    Raises ModelUnavailableError, with the remedy, when the API cannot be asked or gives no usable answer.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._endpoint = model.endpoint or Endpoint()
        address = ADDRESS.fullmatch(self._endpoint.base_url)
        if address is None:
            raise ModelUnavailableError(
                f"{model.name}: its base_url must read http(s)://HOST/PATH, without user, password or query. "
                "Put a key into the environment variable that its entry names"
            )
        if model.max_length:
            raise ModelUnavailableError(
                f"{model.name}: an API cannot be told to read {model.max_length} tokens only. Remove its max_length"
            )
        self._place = address["place"].rstrip("/")
        self._key = self._key_from_environment()
        self._client = _client(self._endpoint, self._key)
        weakref.finalize(self, self._client.close)
        self.texts_at_once = self._endpoint.batch * self._endpoint.concurrency

    @property
    def settings(self) -> Settings:
        return {
            "endpoint": self._place,
            "model": self._model.locator,
            "prompt": self._model.prompt,
            "normalised": self._model.normalise,
            **self._model.options,
        }

    def encode(self, texts: Sequence[str]) -> Vectors:
        requests = _batches([self._model.prompt + text for text in texts], self._endpoint.batch)
        with ThreadPoolExecutor(self._endpoint.concurrency) as pool:
            rows = [row for answer in pool.map(self._answer, requests) for row in answer]
        try:
            vectors = np.array(rows, dtype=np.float32)
        except (TypeError, ValueError):
            raise self._unavailable("it gave vectors of unequal length, or something else", REPORT) from None
        if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
            raise self._unavailable("it gave vectors that are empty or hold numbers that are not finite", REPORT)
        if self._model.normalise:
            vectors = at_unit_length(vectors)
        return vectors

    def _answer(self, texts: list[str]) -> list[list[float]]:
        """The vectors of one request, in order; tried again by the SDK when that may help."""
        from openai import OpenAIError

        try:
            answer = self._client.embeddings.create(
                model=self._model.locator, input=texts, extra_body=dict(self._model.options)
            )
            # Gemini leaves out an index of 0.
            order = [i if row.index is None else row.index for i, row in enumerate(answer.data)]
            rows = [row.embedding for row in answer.data]
        except OpenAIError as error:
            raise self._failure(error) from None  # without the SDK's text, which may hold the key
        except Exception:  # whatever an answer of another form makes the SDK raise
            raise self._unavailable("its answer is no list of embeddings", ENTRY) from None
        if order != list(range(len(texts))):
            raise self._unavailable(f"its {len(rows)} vectors do not answer {len(texts)} texts in order", REPORT)
        return rows

    def _key_from_environment(self) -> str:
        variable = self._endpoint.key
        key = os.environ.get(variable, "").strip() if variable else ""
        if variable and not (key and key.isascii() and key.isprintable()):
            raise ModelUnavailableError(f"{self._model.name} needs a key. Set {variable} to one for {self._place}")
        return key

    def _failure(self, error: OpenAIError) -> ModelUnavailableError:
        told = " ".join(str(each) for each in (error, error.__cause__) if each)
        status = getattr(error, "status_code", None)
        if status in {401, 403}:
            remedy = f"Set {self._endpoint.key or 'the key of its entry'} to one that is valid there"
        elif _is_spent(str(getattr(error, "body", ""))):
            remedy = "See to plan and billing there"
        else:
            remedy = LATER if status in {None, 408, 409, 429} or status >= 500 else ENTRY
        told = without(without_secrets(" ".join(told.split())), (self._key,), PART_OF_KEY)
        return self._unavailable(told[:SHOWN_CHARACTERS], remedy)

    def _unavailable(self, problem: str, remedy: str) -> ModelUnavailableError:
        return ModelUnavailableError(f"{self._model.name} at {self._place}: {problem.rstrip('.')}. {remedy}")


def _client(endpoint: Endpoint, key: str) -> OpenAI:
    """The SDK's client; neither the environment nor a redirect makes it send texts anywhere but to the endpoint."""
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError:
        raise ModelUnavailableError('Models of an API need one more package: pip install "isogloss[api]"') from None
    try:
        http_client = DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [_give_up_when_spent]})
    except Exception as error:  # several kinds, from a scheme that is none to a package that is missing
        raise ModelUnavailableError(
            f"No request can be sent: {reason_of(error)}. Check the proxies that the environment names"
        ) from None
    client = OpenAI(
        api_key=key or "none",  # the SDK wants one even where the server does not
        base_url=endpoint.base_url,
        timeout=endpoint.timeout,
        max_retries=MAX_RETRIES,
        http_client=http_client,
    )
    client.organization = client.project = None  # set from the environment where the arguments are None
    return client


def _give_up_when_spent(response: Any) -> None:
    """Keep the SDK from trying again when the quota is spent, which has the status of too many requests."""
    if response.status_code == 429 and _is_spent(response.read().decode(errors="replace")):
        response.headers["x-should-retry"] = "false"


def _is_spent(body: str) -> bool:
    return "insufficient_quota" in body


def _batches(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """The texts in order, in requests that a provider takes: few enough texts, and few enough tokens."""
    batch: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode())
        if batch and (len(batch) == most or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch
