INSERT INTO sale SELECT x, CASEWHEN(MOD(x, 2) = 0, 'north', 'south'), 10 * x FROM SYSTEM_RANGE(1, 10);
