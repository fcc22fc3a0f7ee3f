"""Tables of the accounts app."""

from accounts.models.access import LinkGrant, OfficeRole, SignInCode
from accounts.models.identity import Identity, IdentityLink
from accounts.models.mailbox import MailboxRequest
from accounts.models.merging import DuplicateSuggestion, NameChange, PersonMerge, PersonMergeItem
from accounts.models.numbers import Licence, PersonNumber, PhoneCode
from accounts.models.organisation import Organisation
from accounts.models.person import Person, PersonAddress
from accounts.models.provider import AccreditationTerm, Department, DepartmentMember, Provider
from accounts.models.see_as import SeeAs, SeeAsPage
from accounts.models.user import User

__all__ = [
    "AccreditationTerm",
    "Department",
    "DepartmentMember",
    "DuplicateSuggestion",
    "Identity",
    "IdentityLink",
    "Licence",
    "LinkGrant",
    "MailboxRequest",
    "NameChange",
    "OfficeRole",
    "Organisation",
    "Person",
    "PersonAddress",
    "PersonMerge",
    "PersonMergeItem",
    "PersonNumber",
    "PhoneCode",
    "Provider",
    "SeeAs",
    "SeeAsPage",
    "SignInCode",
    "User",
]
