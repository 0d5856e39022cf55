from router.engine.settings import Price, Prices


def test_a_model_may_have_a_price_of_its_own() -> None:
    """The price of provider and model goes before the provider's; who is not named costs nothing."""
    cheap, dear = Price(per_request=1), Price(per_request=2)
    prices = Prices(targets={"a": cheap, "a/large": dear})
    assert [prices.of(target) for target in ("a/large", "a/small", "a", "b")] == [dear, cheap, cheap, None]
