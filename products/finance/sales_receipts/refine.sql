WITH lines AS (
    SELECT
        accepted.*,
        CASE detail_type
            WHEN 'SalesItemLineDetail' THEN 'sales'
            WHEN 'DiscountLineDetail' THEN 'discount'
            WHEN 'TaxLineDetail' THEN 'tax'
            ELSE 'note'
        END AS line_type,
        CASE
            WHEN currency = 'USD' THEN CAST('1' AS DECIMAL(12,6))
            ELSE fx.fx_rate
        END AS rate
    FROM accepted
    LEFT JOIN (SELECT currency AS fx_currency, business_date AS fx_date, rate AS fx_rate FROM fx_rates) AS fx
        ON accepted.currency = fx.fx_currency AND accepted.business_date = fx.fx_date
),

money AS (
    SELECT
        *,
        CASE
            WHEN line_type = 'sales' THEN amount
            WHEN line_type = 'discount' THEN CAST(-amount AS DECIMAL(18,2))
            ELSE CAST('0' AS DECIMAL(18,2))
        END AS net_amount,
        CASE WHEN line_type = 'tax' THEN amount ELSE CAST('0' AS DECIMAL(18,2)) END AS tax_amount
    FROM lines
)

SELECT
    receipt_id,
    line_id,
    line_type,
    business_date,
    doc_number,
    customer_id,
    customer_name,
    item_id,
    item_name,
    quantity,
    unit_price,
    currency,
    COALESCE(amount, CAST('0' AS DECIMAL(18,2))) AS amount,
    net_amount,
    tax_amount,
    rate,
    CAST(ROUND(CAST(net_amount AS DECIMAL(20,2)) * CAST(rate AS DECIMAL(12,6)), 2) AS DECIMAL(20,2)) AS net_home,
    CAST(ROUND(CAST(tax_amount AS DECIMAL(20,2)) * CAST(rate AS DECIMAL(12,6)), 2) AS DECIMAL(20,2)) AS tax_home,
    'USD' AS home_currency,
    sync_token,
    updated_at,
    COALESCE(private_note LIKE 'Voided%', FALSE) AS voided
FROM money
