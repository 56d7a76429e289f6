package io.ratelimit.operations;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * Chromium, looking at the page.
 */
final class Browser implements AutoCloseable {

    private final ChromeDriver driver;

    Browser() {
        LoggingPreferences logging = new LoggingPreferences();
        logging.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        options.setBinary("/usr/bin/chromium");
        options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu");
        options.setCapability("goog:loggingPrefs", logging);
        this.driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(new File("/usr/bin/chromedriver"))
                        .usingAnyFreePort()
                        .build(),
                options);
    }

    ChromeDriver driver() {
        return this.driver;
    }

    void open(String url) {
        this.driver.get(url);
    }

    /** Makes the window one of a phone, or of a desk, in CSS pixels. */
    void resize(int width, int height) {
        this.driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    }

    void prefer(String colourScheme) {
        this.driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", colourScheme))));
    }

    Object run(String script, Object... arguments) {
        return Objects.requireNonNull(this.driver.executeScript(script, arguments));
    }

    /** Returns the row of the table for a limit: used, of, waiting; empty as long as there is none. */
    List<String> row(String resource, String limit) {
        try {
            for (WebElement row : this.driver.findElements(By.cssSelector("#numbers tr"))) {
                List<String> cells = row.findElements(By.cssSelector("th, td")).stream()
                        .map(WebElement::getText)
                        .toList();
                if (cells.size() == 5
                        && cells.get(0).equals(resource)
                        && cells.get(1).equals(limit)) {
                    return cells.subList(2, 5);
                }
            }
        } catch (StaleElementReferenceException ex) {
            // drawn anew meanwhile
        }
        return List.of();
    }

    /** Returns what a picture of a resource says to whom cannot see it; empty as long as there is none. */
    String picture(String resource, String kind) {
        return String.valueOf(run("""
                const section = [...document.querySelectorAll('section')]
                    .find((one) => one.querySelector('h2').textContent === arguments[0]);
                const picture = section && section.querySelector('.' + arguments[1] + ' svg');
                return picture ? picture.getAttribute('aria-label') : '';
                """, resource, kind));
    }

    String text(String id) {
        return this.driver.findElement(By.id(id)).getText();
    }

    /** Returns what the browser complained of since the last time, such as of a breach of the security policy. */
    List<String> complaints() {
        return this.driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter((entry) -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                .map(LogEntry::getMessage)
                .toList();
    }

    void photograph(Path file) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.write(file, this.driver.getScreenshotAs(OutputType.BYTES));
    }

    @Override
    public void close() {
        this.driver.quit();
    }
}
