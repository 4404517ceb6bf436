"""One builder of all that tests need of a PKI: keys, certificates, revocation and signatures.

Every signature verifies, unless the caller asks for one that is broken on purpose. The people here
have the least in their certificates; those of `profile` have all that the NCA writes.
"""
# All that these files define is the builder's.
# ruff: noqa: F403

from tests.pki.armour import *
from tests.pki.certificates import *
from tests.pki.crls import *
from tests.pki.keys import *
from tests.pki.ocsp_responses import *
from tests.pki.people import *
from tests.pki.signatures import *
from tests.pki.signed_documents import *
from tests.pki.timestamps import *
