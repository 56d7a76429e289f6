CREATE TABLE sale (id INT PRIMARY KEY, region VARCHAR(10), amount DECIMAL(10, 2));
CREATE ALIAS pause FOR 'java.lang.Thread.sleep(long)';
