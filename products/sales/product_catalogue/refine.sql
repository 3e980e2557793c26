SELECT
    item_id,
    item_name,
    sku,
    item_type,
    unit_price,
    active,
    business_date,
    sync_token,
    updated_at
FROM accepted
