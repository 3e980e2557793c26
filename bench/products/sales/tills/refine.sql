SELECT store_id, receipt_id, line_no, business_date, sku, quantity, unit_price, amount,
CAST(ROUND(CAST(amount AS DECIMAL(20,2)) * CAST('1.083450' AS DECIMAL(12,6)), 2) AS DECIMAL(20,2)) AS net_home, currency FROM accepted
