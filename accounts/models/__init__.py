"""Tables of the accounts app."""

from accounts.models.access import LinkGrant, OfficeRole, SignInCode
from accounts.models.identity import Identity, IdentityLink
from accounts.models.person import Person, PersonAddress
from accounts.models.provider import AccreditationTerm, Department, DepartmentMember, Organisation, Provider
from accounts.models.user import User

__all__ = [
    "AccreditationTerm",
    "Department",
    "DepartmentMember",
    "Identity",
    "IdentityLink",
    "LinkGrant",
    "OfficeRole",
    "Organisation",
    "Person",
    "PersonAddress",
    "Provider",
    "SignInCode",
    "User",
]
