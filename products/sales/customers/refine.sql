SELECT
    customer_id,
    business_date,
    customer_name,
    email,
    phone,
    country,
    customer_since,
    yearly_spend,
    currency,
    CASE
        WHEN yearly_spend >= CAST('10000' AS DECIMAL(18,2)) THEN 'gold'
        WHEN yearly_spend >= CAST('1000' AS DECIMAL(18,2)) THEN 'silver'
        ELSE 'bronze'
    END AS segment,
    active,
    updated_at
FROM accepted
