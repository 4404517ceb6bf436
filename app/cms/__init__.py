"""Signatures as CMS and XML: bytes in, values out. This module is the public interface.

Independent of the web, databases, settings and the clock. Other packages import only from here; the
packages inside are private, by an import contract.
"""

from app.cms.algorithms.dates import broken_digest
from app.cms.algorithms.gost.implementations import are_curves_fast as are_gost_curves_fast
from app.cms.algorithms.gost.implementations import describe as describe_gost
from app.cms.algorithms.gost.implementations import providers as gost_providers
from app.cms.algorithms.gost.octets import Octets
from app.cms.algorithms.names import (
    DOCUMENT_DIGESTS,
    SHA_1,
    SHA_256,
    SHA_512,
    STREEBOG_256,
    STREEBOG_512,
)
from app.cms.algorithms.registry import OTHER_DIGEST_NAMES, canonical_digest, digest_size
from app.cms.algorithms.registry import name as algorithm_name
from app.cms.augmentation.card import check_for_card
from app.cms.augmentation.cosigning import add_signers, new_signers
from app.cms.augmentation.errors import CannotAugment
from app.cms.augmentation.evidence import CARD_TOLERANCE, SignerEvidence
from app.cms.augmentation.extraction import extract_signers
from app.cms.augmentation.levels import Level as SignatureLevel
from app.cms.augmentation.levels import (
    claimed_levels,
    lacking_parts,
    list_parts,
    verified_levels,
)
from app.cms.augmentation.profiles import Profile as SignatureProfile
from app.cms.augmentation.profiles import augment
from app.cms.augmentation.separation import separate as separate_signer
from app.cms.augmentation.xml_profiles import augment_xml
from app.cms.budget import FREE as UNLIMITED
from app.cms.budget import MAX_COST as MAX_VERIFYING_COST
from app.cms.budget import Budget, ContentBudget, Meter, slow_digest_of
from app.cms.budget import refuse_list as refuse_large_crl
from app.cms.certificate_text import is_pem_certificate, parse_certificate
from app.cms.claims import attached_content, describe_content
from app.cms.claims import describe as describe_signers
from app.cms.errors import (
    CmsError,
    MalformedSignature,
    TooCostly,
    Undecidable,
    UnsupportedAlgorithm,
    UnverifiedSignature,
)
from app.cms.evidence_records.coverage import DataObject
from app.cms.evidence_records.crypto_infos import (
    CryptoInfos,
    add_crypto_infos,
    read_crypto_infos,
)
from app.cms.evidence_records.parts import (
    TreeParts,
    find_part,
    reduce_part,
    split_tree,
    split_values,
)
from app.cms.evidence_records.reading import MalformedEvidenceRecord
from app.cms.evidence_records.reading import read_record as read_evidence_record
from app.cms.evidence_records.record import (
    EvidenceRecord,
    objects_to_renew,
    renew_hash_tree,
    renew_timestamp,
    start_chain,
    start_record,
    timestamps_to_renew,
)
from app.cms.evidence_records.token_facts import read_token_facts
from app.cms.evidence_records.tree import HashTree, group_leaf
from app.cms.evidence_records.verifying import EvidenceRecordStatus
from app.cms.evidence_records.verifying import verify_record as verify_evidence_record
from app.cms.files import SignatureFile, is_der, open_file, text_of_file
from app.cms.fingerprints import Fingerprints
from app.cms.fingerprints import fingerprints as fingerprints_of
from app.cms.parsing import parse, parse_der, parse_der_file, parse_pieces, parse_xml
from app.cms.path.issuers import GivenAuthorities
from app.cms.path.occasions import Occasion, is_future
from app.cms.path.rules import title as title_of_name
from app.cms.path.strength import weigh_digests
from app.cms.revocation.checking import RevocationData, check_revocation
from app.cms.revocation.crl import MAX_SLOW_SIZE as MAX_SLOW_CRL_SIZE
from app.cms.revocation.crl import CertificateList, MalformedRevocation
from app.cms.revocation.crl_entries import Revoked
from app.cms.revocation.crl_index import DAMAGED as CRL_INDEX_DAMAGED
from app.cms.revocation.crl_index import MAX_SIZE as MAX_CRL_SIZE
from app.cms.revocation.crl_index import PROGRAM as CRL_INDEX_PROGRAM
from app.cms.revocation.crl_index import Rows as CrlIndex
from app.cms.revocation.crl_index import read_index as read_crl_index
from app.cms.revocation.findings import known_as_of
from app.cms.revocation.noted import NotedRevocation, note_hold
from app.cms.revocation.noted import digest_of as noted_digest
from app.cms.revocation.noted import key_of as noted_key
from app.cms.revocation.ocsp import OcspResponse
from app.cms.revocation.ocsp_requests import UNKNOWN_TO_RESPONDER as OCSP_UNKNOWN_TO_RESPONDER
from app.cms.revocation.ocsp_requests import (
    build_ocsp_request,
    encode_certificate_id,
    encode_ocsp_request,
)
from app.cms.revocation.ocsp_requests import read_refusal as read_ocsp_refusal
from app.cms.revocation.origins import KEPT, PACKAGE, Origin
from app.cms.revocation.reports import RevocationFailure, RevocationFinding
from app.cms.revocation.sources import FRESHNESS
from app.cms.revocation.values import full_response as full_ocsp_response
from app.cms.sentences import Sentence, write_time
from app.cms.sentences import fill as fill_template
from app.cms.serialization import certificate_facts, iso_moment, name_text, signer_facts
from app.cms.serialization import cut as cut_claim
from app.cms.signed_data.contents import (
    GivenContent,
    KnownDigest,
    KnownDigests,
    hash_content,
    with_crlf,
)
from app.cms.signed_data.parsing import MAX_SIGNERS, SignedData
from app.cms.signed_data.signer_info import SignerInfo
from app.cms.stamped import stamped_values
from app.cms.text_encoding import decode_content
from app.cms.texts import MAX_WIDE as MAX_WIDE_TEXT
from app.cms.texts import is_too_wide
from app.cms.timestamping.errors import (
    TimestampMismatched,
    TimestampNotObtained,
    TimestampRefused,
    TimestampUnreadable,
)
from app.cms.timestamping.request import NONCE_BITS as TIMESTAMP_NONCE_BITS
from app.cms.timestamping.request import TimestampRequest, request_timestamp
from app.cms.timestamping.response import MAX_RESPONSE_SIZE as MAX_TIMESTAMP_RESPONSE_SIZE
from app.cms.timestamping.response import read_response as read_timestamp_response
from app.cms.timestamping.terms import StampingTerms
from app.cms.timestamping.terms import choose_terms as choose_stamping_terms
from app.cms.timestamping.terms import terms_for_digest as stamping_terms_for_digest
from app.cms.verdict import (
    CONTENT_NEEDED,
    CONTENT_NOT_GIVEN,
    FITS_WITH_CRLF,
    YES,
    Answer,
    Reason,
    Verdict,
    every,
    is_uncompared,
    no,
    unknown,
)
from app.cms.verification.comparison import compare as compare_content
from app.cms.verification.comparison import contradicts as contradicts_content
from app.cms.verification.embedded_revocation import MAX_EMBEDDED as MAX_EMBEDDED_REVOCATION
from app.cms.verification.embedded_revocation import measure_embedded
from app.cms.verification.examined import Examined, is_detached
from app.cms.verification.signature_values import verify_value
from app.cms.verification.status import CertificateStatus, SignerStatus, TimestampStatus
from app.cms.verification.verifier import Verifier
from app.cms.x509.certificate import (
    Certificate,
    MalformedExtension,
    basic_constraints,
    crl_urls,
    delta_crl_urls,
    extended_key_usage,
    key_usage,
    ocsp_urls,
    read_embedded_certificate,
)
from app.cms.x509.name_text import write_name
from app.cms.x509.names import Name, neutralise, read_name
from app.cms.x509.names import clean as clean_name
from app.cms.x509.nca_profile import (
    ROLES,
    Claims,
    birthday,
    claims_of,
    gender,
    whole_name,
)
from app.cms.xmldsig.own_thread import add_cpu_time_ns, cpu_time_ns
from app.cms.xmldsig.parsing import SignedXml
from app.cms.xmldsig.signatures import NO_SIGNATURE as NO_XML_SIGNATURE

__all__ = [
    "CARD_TOLERANCE",
    "CONTENT_NEEDED",
    "CONTENT_NOT_GIVEN",
    "CRL_INDEX_DAMAGED",
    "CRL_INDEX_PROGRAM",
    "DOCUMENT_DIGESTS",
    "FITS_WITH_CRLF",
    "FRESHNESS",
    "KEPT",
    "MAX_CRL_SIZE",
    "MAX_EMBEDDED_REVOCATION",
    "MAX_SIGNERS",
    "MAX_SLOW_CRL_SIZE",
    "MAX_TIMESTAMP_RESPONSE_SIZE",
    "MAX_VERIFYING_COST",
    "MAX_WIDE_TEXT",
    "NO_XML_SIGNATURE",
    "OCSP_UNKNOWN_TO_RESPONDER",
    "OTHER_DIGEST_NAMES",
    "PACKAGE",
    "ROLES",
    "SHA_1",
    "SHA_256",
    "SHA_512",
    "STREEBOG_256",
    "STREEBOG_512",
    "TIMESTAMP_NONCE_BITS",
    "UNLIMITED",
    "YES",
    "Answer",
    "Budget",
    "CannotAugment",
    "Certificate",
    "CertificateList",
    "CertificateStatus",
    "Claims",
    "CmsError",
    "ContentBudget",
    "CrlIndex",
    "CryptoInfos",
    "DataObject",
    "EvidenceRecord",
    "EvidenceRecordStatus",
    "Examined",
    "Fingerprints",
    "GivenAuthorities",
    "GivenContent",
    "HashTree",
    "KnownDigest",
    "KnownDigests",
    "MalformedEvidenceRecord",
    "MalformedExtension",
    "MalformedRevocation",
    "MalformedSignature",
    "Meter",
    "Name",
    "NotedRevocation",
    "Occasion",
    "OcspResponse",
    "Octets",
    "Origin",
    "Reason",
    "RevocationData",
    "RevocationFailure",
    "RevocationFinding",
    "Revoked",
    "Sentence",
    "SignatureFile",
    "SignatureLevel",
    "SignatureProfile",
    "SignedData",
    "SignedXml",
    "SignerEvidence",
    "SignerInfo",
    "SignerStatus",
    "StampingTerms",
    "TimestampMismatched",
    "TimestampNotObtained",
    "TimestampRefused",
    "TimestampRequest",
    "TimestampStatus",
    "TimestampUnreadable",
    "TooCostly",
    "TreeParts",
    "Undecidable",
    "UnsupportedAlgorithm",
    "UnverifiedSignature",
    "Verdict",
    "Verifier",
    "add_cpu_time_ns",
    "add_crypto_infos",
    "add_signers",
    "algorithm_name",
    "are_gost_curves_fast",
    "attached_content",
    "augment",
    "augment_xml",
    "basic_constraints",
    "birthday",
    "broken_digest",
    "build_ocsp_request",
    "canonical_digest",
    "certificate_facts",
    "check_for_card",
    "check_revocation",
    "choose_stamping_terms",
    "claimed_levels",
    "claims_of",
    "clean_name",
    "compare_content",
    "contradicts_content",
    "cpu_time_ns",
    "crl_urls",
    "cut_claim",
    "decode_content",
    "delta_crl_urls",
    "describe_content",
    "describe_gost",
    "describe_signers",
    "digest_size",
    "encode_certificate_id",
    "encode_ocsp_request",
    "every",
    "extended_key_usage",
    "extract_signers",
    "fill_template",
    "find_part",
    "fingerprints_of",
    "full_ocsp_response",
    "gender",
    "gost_providers",
    "group_leaf",
    "hash_content",
    "is_der",
    "is_detached",
    "is_future",
    "is_pem_certificate",
    "is_too_wide",
    "is_uncompared",
    "iso_moment",
    "key_usage",
    "known_as_of",
    "lacking_parts",
    "list_parts",
    "measure_embedded",
    "name_text",
    "neutralise",
    "new_signers",
    "no",
    "note_hold",
    "noted_digest",
    "noted_key",
    "objects_to_renew",
    "ocsp_urls",
    "open_file",
    "parse",
    "parse_certificate",
    "parse_der",
    "parse_der_file",
    "parse_pieces",
    "parse_xml",
    "read_crl_index",
    "read_crypto_infos",
    "read_embedded_certificate",
    "read_evidence_record",
    "read_name",
    "read_ocsp_refusal",
    "read_timestamp_response",
    "read_token_facts",
    "reduce_part",
    "refuse_large_crl",
    "renew_hash_tree",
    "renew_timestamp",
    "request_timestamp",
    "separate_signer",
    "signer_facts",
    "slow_digest_of",
    "split_tree",
    "split_values",
    "stamped_values",
    "stamping_terms_for_digest",
    "start_chain",
    "start_record",
    "text_of_file",
    "timestamps_to_renew",
    "title_of_name",
    "unknown",
    "verified_levels",
    "verify_evidence_record",
    "verify_value",
    "weigh_digests",
    "whole_name",
    "with_crlf",
    "write_name",
    "write_time",
]
