SELECT
    currency,
    home_currency,
    business_date,
    rate,
    updated_at
FROM accepted
