"""What fsspec and the libraries behind it raise, as errors of the domain."""

from __future__ import annotations

import errno
import ftplib

from text_classifier.errors import SourceError, SourceNotFoundError, SourceUnavailableError

_LASTING = frozenset({errno.EINVAL, errno.ENAMETOOLONG, errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EMSGSIZE})
_MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


def classes_of_refusal() -> tuple[type[Exception], ...]:
    """Imported late: only a refusal needs them."""
    from aiohttp import ClientError
    from botocore import exceptions

    foreign = (ClientError, exceptions.BotoCoreError, exceptions.ClientError, ftplib.Error)
    return (OSError, ValueError, TypeError, ImportError, NotImplementedError, EOFError, *foreign)


def refused(data_set: str, where: str, error: Exception) -> SourceError:
    """The error of the domain for one of those classes.

    Args:
        where: the address, without what may be secret.
    """
    seen = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    setting = f"the parameter `source` or TEXT_CLASSIFIER_{data_set.upper()}"
    if isinstance(error, _MISSING):
        to_do = f"correct {setting}, or deliver the file"
        return SourceNotFoundError(
            "the source does not exist", where=where, seen=seen, expected="a file at this address", to_do=to_do
        )
    if isinstance(error, ImportError):
        return SourceError(
            "the package for addresses of this scheme is not installed",
            where=where,
            seen=seen,
            expected="fsspec and the package that it names",
            to_do="install it where the runs are executed, or name a file as the source",
        )
    if _is_about_credentials(error):
        return SourceError(
            "the credentials are missing or refused",
            where=where,
            seen=seen,
            expected="credentials, in the environment or the configuration of the storage, that may read this",
            to_do="set them where the runs are executed, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
            "never in the address",
        )
    if _is_transient(error):
        return SourceUnavailableError(
            "the network or the storage refused",
            where=where,
            seen=seen,
            expected="an answer, whole and in time",
            to_do="try again later, or name a file as the source",
        )
    expected = "an address, and a configuration of the storage, that fsspec can use"
    return SourceError(
        "the address cannot be used", where=where, seen=seen, expected=expected, to_do=f"correct {setting}"
    )


def _is_about_credentials(error: Exception) -> bool:
    from botocore import exceptions

    missing = (exceptions.NoCredentialsError, exceptions.PartialCredentialsError, exceptions.CredentialRetrievalError)
    if isinstance(error, ftplib.error_perm):
        return str(error).startswith("530")
    return isinstance(error, (PermissionError, exceptions.TokenRetrievalError, *missing))


def _is_transient(error: Exception) -> bool:
    from aiohttp import ClientError
    from botocore import exceptions

    if isinstance(error, OSError) and not isinstance(error, ClientError):
        return error.errno not in _LASTING
    network = (ClientError, exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)
    return isinstance(error, (*network, EOFError, ftplib.error_temp))
