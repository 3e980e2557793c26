SELECT
    store_id,
    receipt_no,
    line_no,
    business_date,
    sku,
    description,
    quantity,
    unit_price,
    amount,
    currency,
    payment,
    quantity < 0 AS is_return,
    recorded_at
FROM accepted
