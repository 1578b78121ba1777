"""Every error has a code of its own, in the range of its family."""

from zkseal import errors
from zkseal.cli.exit_codes import EXIT_CODES, OK, TERMINATED, USAGE, exit_code

FAMILIES = {
    errors.ModelError: range(10, 20),
    errors.QuantizationError: range(20, 30),
    errors.WitnessError: range(30, 40),
    errors.DecodeError: range(40, 60),
    errors.ProofRejected: range(60, 70),
    errors.AppraisalError: range(70, 80),
    errors.SetupError: range(80, 90),
    errors.ResourceLimit: range(90, 100),
    errors.ChainError: range(110, 130),
}


def test_every_error_has_a_code() -> None:
    assert set(EXIT_CODES) == set(errors.error_classes())


def test_codes_are_distinct_and_mean_failure() -> None:
    codes = [code for cls, code in EXIT_CODES.items() if cls is not errors.ZksealError]
    assert len(set(codes)) == len(codes)
    assert not {OK, USAGE, TERMINATED} & set(codes)
    assert all(0 < code < 256 for code in codes)


def test_codes_lie_in_the_range_of_their_family() -> None:
    for family, codes in FAMILIES.items():
        assert EXIT_CODES[family] == codes[0]
        for cls in errors.error_classes():
            assert issubclass(cls, family) == (EXIT_CODES[cls] in codes), cls


def test_an_unlisted_error_takes_its_familys_code() -> None:
    class Unlisted(errors.WitnessError):
        pass

    assert exit_code(Unlisted("x")) == EXIT_CODES[errors.WitnessError]
