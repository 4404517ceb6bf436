"""What differences.md says of /validate, /cms/validate, /cms/extract and /origin, and its tests."""

from __future__ import annotations

import ast
import re

import pytest

from tests.docs.pages import read, section
from tests.live.server import PROJECT

VALIDATE, CMS = "tests/api/test_validate.py", "tests/api/test_validate_cms.py"
EXTRACT, ORIGIN = "tests/api/test_extract.py", "tests/api/test_origin.py"
UPLOADS, VENDOR = "tests/api/test_uploads.py", "tests/live/test_vendor_client.py"

#: Row -> the tests that hold it, by file.
TESTS: dict[str, dict[str, str]] = {
    "validate-asked": {
        VALIDATE: "test_either_cms_or_xml_must_be_given test_rules_are_joined "
        "test_criteria_are_and_or_or "
        "test_an_expired_certificate_is_refused_unless_that_is_not_asked"
    },
    "validate-answer": {
        VALIDATE: "test_it_is_one_word test_a_self_made_certificate_is_not_legal "
        "test_an_expired_certificate_is_refused_unless_that_is_not_asked"
    },
    "cms-validate-asked": {
        CMS: "test_rules_that_hold test_one_of_several_constraints_is_enough "
        "test_empty_constraints_are_none test_an_anchor_and_a_crl_make_all_three_answers_yes",
        UPLOADS: "test_a_stored_signature_is_validated",
    },
    "cms-validate-answer": {
        CMS: "test_who_signed_is_answered_in_the_words_of_the_original "
        "test_what_can_t_be_read_from_an_iin_is_null"
    },
    "extract": {EXTRACT: "test_text_is_given_as_text test_a_detached_signature_has_none"},
    "origin": {
        ORIGIN: "test_a_request_is_forwarded_with_the_key_put_in "
        "test_parameters_of_the_client_take_nothing_s_place "
        "test_there_need_not_be_any_parameters test_of_a_success_only_the_result_is_handed_on"
    },
    "client": {
        VENDOR: "test_validations test_a_content_is_extracted test_a_request_is_forwarded",
    },
    "anchors": {
        VALIDATE: "test_without_anchors_it_is_unknown_what_is_legal",
        CMS: "test_without_anchors_claims_are_refused "
        "test_claims_pass_if_the_setting_says_so_and_the_answer_shows_it",
    },
    "unknown": {
        VALIDATE: "test_what_can_t_be_determined_is_neither_yes_nor_no",
        CMS: "test_unknown_revocation_is_refused_where_it_must_be_known "
        "test_an_algorithm_that_is_not_known_is_no_yes test_a_detached_signature_needs_its_content",
    },
    "not-his": {
        VALIDATE: "test_a_signature_that_is_not_its_signer_s_is_a_no",
        CMS: "test_a_signature_that_is_not_of_the_certificate_s_key_is_refused",
    },
    "revoked": {
        VALIDATE: "test_a_revoked_certificate_is_not_legal",
        CMS: "test_a_certificate_revoked_before_is_refused_and_one_revoked_later_is_not",
    },
    "time": {
        VALIDATE: "test_a_signature_that_was_stamped_in_time_has_not_expired",
        CMS: "test_a_timestamp_decides_where_it_holds test_now_is_the_time_where_none_is_given "
        "test_an_expired_certificate_is_judged_as_of_the_time_given",
    },
    "more-keys": {CMS: "test_who_signed_is_answered_in_the_words_of_the_original"},
    "all-rules": {
        CMS: "test_all_rules_must_hold_for_one_and_the_same_signer "
        "test_rules_that_do_not_hold_are_named"
    },
    "empty-constraint": {CMS: "test_a_constraint_that_everyone_would_pass_is_refused"},
    "certificate": {
        VALIDATE: "test_a_certificate_may_come_in_any_form",
        UPLOADS: "test_a_signer_s_file_is_validated_by_rules",
    },
    "files": {
        UPLOADS: "test_other_doors_take_files_too test_a_signer_s_file_is_validated_by_rules"
    },
    "binary": {EXTRACT: "test_anything_else_is_given_in_base64"},
    "origin-closed": {
        ORIGIN: "test_without_tokens_the_key_is_not_used",
        "tests/test_auth.py": "test_every_route_refuses_too_small_a_scope_and_lets_in_its_own",
    },
    "origin-status": {
        ORIGIN: "test_without_the_setting_there_is_nothing_to_ask "
        "test_a_remote_that_is_away_is_reported "
        "test_what_is_no_json_is_not_handed_on test_an_answer_that_repeats_a_secret_is_withheld "
        "test_a_refusal_of_the_remote_is_an_error_with_its_message"
    },
}


def test_each_row_is_held_by_tests() -> None:
    reported = section(read("differences.md"), "Verifying, extracting and forwarding")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", reported, re.MULTILINE)
    assert rows == list(TESTS)


@pytest.mark.parametrize("row", TESTS)
def test_the_tests_of_a_row_are_there(row: str) -> None:
    for file, names in TESTS[row].items():
        tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
        there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert set(names.split()) <= there, file
