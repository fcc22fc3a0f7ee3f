"""A cache that may be gone: losing it makes pages slower, never wrong (decision 16)."""

from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger()


class DegradingRedisCache(RedisCache):
    """Answers as an empty cache while the server is away."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default, version)
        except RedisError:
            log.warning("cache_unavailable", operation="get")
            return default

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        try:
            super().set(key, value, *args, **kwargs)
        except RedisError:
            log.warning("cache_unavailable", operation="set")

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(super().add(key, value, *args, **kwargs))
        except RedisError:
            log.warning("cache_unavailable", operation="add")
            return True

    def delete(self, key: Any, version: int | None = None) -> bool:
        try:
            return bool(super().delete(key, version))
        except RedisError:
            log.warning("cache_unavailable", operation="delete")
            return False
